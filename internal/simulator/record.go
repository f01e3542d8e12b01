package simulator

import (
	"strconv"
)

// A record's text follows from its event and from whether it has ended, so it
// is the same at every request without being kept. Keys come in the order of
// the vendor's example.

// prerender makes the texts of all that the group shows. They are those of
// actions that have ended: one that runs is told anew at each request.
func (g *group) prerender() {
	var all []byte
	ends := make([]int, len(g.shown))
	for i := range g.shown {
		all = g.record(all, &g.shown[i], g.shown[i].end)
		ends[i] = len(all)
	}
	start := 0
	for i, end := range ends {
		g.shown[i].text = all[start:end:end]
		start = end
	}
}

// record appends the text that the API shows of e at the moment view.
func (g *group) record(b []byte, e *event, view int64) []byte {
	if e.of != nil {
		g = e.of
	}
	if g.fixed != nil {
		return append(b, g.fixed[e.inst]...)
	}
	if e.text != nil && !e.doing(view) {
		return append(b, e.text...)
	}
	w := writer{b: append(b, '{'), odd: e.odd}
	if e.odd != oddNoID {
		w.key("id")
		w.b = append(w.b, '"')
		w.b = appendUUID(w.b, e.key, scramble(e.key))
		w.b = append(w.b, '"')
	}
	if e.odd == oddDoubleKeys {
		w.number("instance_value", 999)
		w.text("status", "DOING")
	}
	w.number("instance_value", int64(e.before))
	w.number("desire_value", int64(e.desire))
	if w.key("scaling_value"); e.odd == oddHugeNumber {
		w.b = append(w.b, "340282366920938463463374607431768211456"...)
	} else {
		w.bare(int64(e.count))
	}
	w.time("start_time", e.start)
	if e.doing(view) {
		w.key("end_time")
		w.b = append(w.b, "null"...)
	} else {
		w.time("end_time", e.end)
	}
	if e.kind == modifyELB && e.odd != oddStandby {
		w.text("status", e.status(view))
		g.loadBalancers(&w, e, view)
	} else {
		g.instances(&w, e, view)
		w.text("status", e.status(view))
		g.description(&w, e)
	}
	w.text("type", e.typeText())
	w.oddEnd()
	return append(w.b, '}')
}

// instances writes the lists: all empty while the action runs, then the
// instances in the one list that fits how it ended.
func (g *group) instances(w *writer, e *event, view int64) {
	filled := "instance_added_list"
	switch {
	case e.doing(view):
		filled = ""
	case e.fail:
		filled = "instance_failed_list"
	case e.odd == oddStandby:
		filled = "instance_standby_list"
	case e.kind == manualRemove:
		filled = "instance_removed_list"
	case e.remove:
		filled = "instance_deleted_list"
	}
	for _, name := range [...]string{"instance_added_list", "instance_deleted_list", "instance_removed_list", "instance_failed_list"} {
		g.instanceList(w, e, name, name == filled)
	}
	if e.odd == oddStandby {
		g.instanceList(w, e, "instance_standby_list", filled == "instance_standby_list")
	}
}

func (g *group) instanceList(w *writer, e *event, name string, filled bool) {
	w.key(name)
	if !filled || e.count == 0 {
		w.empty()
		return
	}
	if e.odd == oddNameLists {
		w.b = append(w.b, '"')
		for i := range int32(e.count) {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.b = g.instanceName(w.b, e.inst+i)
		}
		w.b = append(w.b, '"')
		return
	}
	w.b = append(w.b, '[')
	for i := range int32(e.count) {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		g.instance(w, e, e.inst+i)
	}
	w.b = append(w.b, ']')
}

// instance writes one instance. Its id and name follow from its number, so it
// is the same when it comes and when it goes; one that failed to come never
// had its number, so the action's key goes into its id.
func (g *group) instance(w *writer, e *event, number int32) {
	d := rollFor(g.seed, 5, uint64(number))
	if e.fail && !e.remove {
		d = rollFor(e.key, 5, uint64(number))
	}
	w.b = append(w.b, `{"instance_id":"`...)
	w.b = appendUUID(w.b, d.next(), d.next())
	w.b = append(w.b, `","instance_name":"`...)
	w.b = g.instanceName(w.b, number)
	w.b = append(w.b, e.odd.inName()...)
	w.b = append(w.b, '"')
	if e.fail {
		w.b = append(w.b, `,"failed_reason":"`...)
		w.b = append(w.b, failures[int(e.key>>20)%len(failures)]...)
		w.b = append(w.b, `","failed_details":"{\"error\":{\"code\":\"Ecs.0219\",\"message\":\"Create server failed, fault <500> & retry.\"}}"`...)
	}
	w.b = append(w.b, `,"instance_config":"{\"flavorRef\":\"`...)
	w.b = append(w.b, flavors[d.below(len(flavors))]...)
	w.b = append(w.b, `\",\"imageRef\":\"`...)
	w.b = appendUUID(w.b, g.seed, g.seed>>1)
	w.b = append(w.b, `\",\"disk\":[{\"size\":40,\"volume_type\":\"SSD\",\"disk_type\":\"SYS\"}],\"key_name\":\"ops\",\"availability_zone\":\"eu-de-0`...)
	w.b = append(w.b, byte('1'+d.below(3)))
	w.b = append(w.b, `\",\"tenancy\":\"shared\"}"}`...)
}

func (g *group) instanceName(b []byte, number int32) []byte {
	b = append(b, "as-config-"...)
	b = append(b, g.name[len("as-group-"):]...)
	b = append(b, '_')
	d := rollFor(g.seed, 6, uint64(number))
	return strconv.AppendUint(b, d.next()>>24, 36)
}

var (
	flavors  = [...]string{"s3.medium.2", "s3.large.2", "s3.xlarge.4", "c4.2xlarge.2"}
	failures = [...]string{
		"CreateServer failed", "The instance quota is insufficient",
		"Health check of the instance failed", "The subnet has no address left",
	}
)
