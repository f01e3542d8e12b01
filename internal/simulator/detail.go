package simulator

import (
	"strconv"
	"strings"
	"time"
)

// loadBalancers writes what a load balancer migration says instead of
// instances and a description.
func (g *group) loadBalancers(w *writer, e *event, view int64) {
	d := rollFor(e.key, 7)
	filled := [...]string{"lb_bind_success_list", "lb_unbind_success_list"}[d.below(2)]
	if e.fail {
		filled = strings.Replace(filled, "success", "failed", 1)
	}
	for _, name := range [...]string{"lb_bind_success_list", "lb_bind_failed_list", "lb_unbind_success_list", "lb_unbind_failed_list"} {
		w.key(name)
		if name != filled || e.doing(view) {
			w.empty()
			continue
		}
		w.b = append(w.b, '[')
		for i := range 1 + d.below(3) {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.loadBalancer(&d, e)
		}
		w.b = append(w.b, ']')
	}
}

// description writes the reasons, JSON in a string.
func (g *group) description(w *writer, e *event) {
	d := rollFor(e.key, 8)
	reason, policy := e.changeReason(&d)
	quote := `\"`
	if e.odd == oddDescription {
		quote = `'`
	}
	changed := time.Unix(e.start-int64(d.below(12)), 0).UTC()
	w.key("description")
	say := strings.NewReplacer(`"`, quote)
	text := `{"reason":[{"change_reason":"` + reason + `","old_value":` + strconv.Itoa(int(e.before)) +
		`,"change_time":"` + changed.Format(timeFormat) + `"`
	if policy {
		p := rollFor(g.seed, 9, uint64(d.below(3)))
		text += `,"scaling_policy_id":"` + string(appendUUID(nil, p.next(), p.next())) +
			`","scaling_policy_name":"as-policy-` + word(&p, 4) + `"`
	}
	text += `,"new_value":` + strconv.Itoa(int(e.desire)) + `}]`
	if e.kind == manualAdd {
		text += `,"scaling_num":` + strconv.Itoa(int(e.count))
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, say.Replace(text+`}`)...)
	w.b = append(w.b, '"')
}

func (w *writer) loadBalancer(d *dice, e *event) {
	w.b = append(w.b, '{')
	if d.hit(0.2) {
		w.text("listener", uuid(e.key, 10, d.next()))
	} else {
		w.key("lbaas_listener")
		w.b = append(w.b, '{')
		w.number("weight", int64(1+d.below(10)))
		if w.key("listener_id"); d.hit(0.5) {
			w.b = append(w.b, "null"...)
		} else {
			w.b = append(w.b, `"`+uuid(e.key, 11, d.next())+`"`...)
		}
		w.text("pool_id", uuid(e.key, 12, d.next()))
		w.number("protocol_port", int64(80+d.below(20)))
		w.b = append(w.b, '}')
	}
	if e.fail {
		w.text("failed_reason", "The backend server group does not exist")
		w.text("failed_details", "ELB.1106")
	}
	w.b = append(w.b, '}')
}
