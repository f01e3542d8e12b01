package action

import (
	"errors"
	"fmt"
	"strings"
)

type list struct{ name, outcome string }

// The lists of a record, in the order in which their entries are kept.
var (
	instanceLists = [...]list{
		{"instance_added_list", "added"},
		{"instance_removed_list", "removed"},
		{"instance_deleted_list", "deleted"},
		{"instance_failed_list", "failed"},
		{"instance_standby_list", "standby"},
		{"instance_name_list", "unknown"},
	}
	balancerLists = [...]list{
		{"lb_bind_success_list", "bind_success"},
		{"lb_bind_failed_list", "bind_failed"},
		{"lb_unbind_success_list", "unbind_success"},
		{"lb_unbind_failed_list", "unbind_failed"},
	}
)

// instances reads one list of instances: objects, or names, or names joined by
// commas. A name in the tree becomes the object that it stands for.
func (a *reading) instances(record *node, name, outcome string) {
	l := record.get(name)
	if l.empty() {
		return
	}
	if l.kind == '"' {
		l.splitNames()
	}
	if l.kind != '[' {
		a.fault(name, fmt.Errorf("%s where a list belongs", kindName(l)))
		return
	}
	ordinal := 0
	for i := range l.kids {
		n := &l.kids[i].node
		if n.kind == '"' && n.text != "" {
			*n = named(*n)
		}
		if n.kind != '{' {
			a.fault(fmt.Sprintf("%s[%d]", name, i), fmt.Errorf("%s where an instance belongs", kindName(n)))
			continue
		}
		at := place{list: name, item: i}
		a.Instances = append(a.Instances, Instance{
			Outcome:        outcome,
			Ordinal:        ordinal,
			InstanceID:     a.text(n, "instance_id", at),
			InstanceName:   a.text(n, "instance_name", at),
			FailedReason:   a.text(n, "failed_reason", at),
			FailedDetails:  a.text(n, "failed_details", at),
			InstanceConfig: a.content(n, "instance_config"),
		})
		ordinal++
	}
}

// splitNames turns names joined by commas into a list of them.
func (n *node) splitNames() {
	joined := n.text
	*n = node{kind: '['}
	for name := range strings.SplitSeq(joined, ",") {
		if name = strings.TrimSpace(name); name != "" {
			n.kids = append(n.kids, member{node: node{kind: '"', text: name}})
		}
	}
}

func named(name node) node {
	return node{kind: '{', kids: []member{{name: "instance_name", node: name}}}
}

// balancers reads one list of load balancers: each entry has an lbaas_listener
// (enhanced) or a listener (classic).
func (a *reading) balancers(record *node, name, outcome string) {
	l := record.get(name)
	if l.empty() {
		return
	}
	if l.kind == '"' && strings.Trim(l.text, ", \t\r\n") == "" {
		l.clear()
		return
	}
	if l.kind != '[' {
		a.fault(name, fmt.Errorf("%s where a list belongs", kindName(l)))
		return
	}
	ordinal := 0
	for i := range l.kids {
		n := &l.kids[i].node
		if n.kind != '{' {
			a.fault(fmt.Sprintf("%s[%d]", name, i), fmt.Errorf("%s where a load balancer belongs", kindName(n)))
			continue
		}
		at := place{list: name, item: i}
		b := LoadBalancer{
			Outcome:       outcome,
			Ordinal:       ordinal,
			Listener:      a.content(n, "listener"),
			FailedReason:  a.text(n, "failed_reason", at),
			FailedDetails: a.text(n, "failed_details", at),
		}
		a.enhanced(&b, n.get("lbaas_listener"), place{name, i, "lbaas_listener"})
		a.LoadBalancers = append(a.LoadBalancers, b)
		ordinal++
	}
}

func (a *reading) enhanced(b *LoadBalancer, n *node, at place) {
	if n.empty() {
		return
	}
	if n.kind != '{' {
		a.fault(place{list: at.list, item: at.item}.of(at.member), fmt.Errorf("%s where an object belongs", kindName(n)))
		return
	}
	b.ListenerID = a.text(n, "listener_id", at)
	b.PoolID = a.text(n, "pool_id", at)
	b.ProtocolPort = a.integer(n, "protocol_port", at)
	b.Weight = a.integer(n, "weight", at)
	for i := range n.kids {
		if !n.kids[i].empty() {
			return
		}
	}
	n.clear() // an object that says nothing is stored like none
}

// describe keeps the description as text and, where that text is JSON with a
// list of reasons, reads these besides. Text that is no JSON is just text.
func (a *reading) describe(record *node) {
	n := record.get("description")
	if n.empty() {
		return
	}
	if n.kind == '"' {
		if inner, err := a.room.tree(n.text); err == nil {
			a.reasons(&inner)
		}
	} else {
		inner := a.copy(n) // reading changes the tree, and this one is part of the record
		a.reasons(&inner)
	}
	a.Description = a.content(record, "description")
}

func (a *reading) copy(n *node) node {
	c, _ := a.room.tree(n.raw) // it was parsed before; a scalar has no raw and no reasons
	return c
}

func (a *reading) reasons(description *node) {
	l := description.get("reason")
	if l.empty() {
		return
	}
	if l.kind != '[' {
		a.fault("description.reason", errors.New(kindName(l)+" where a list belongs"))
		return
	}
	for i := range l.kids {
		n := &l.kids[i].node
		if n.kind != '{' {
			a.fault(fmt.Sprintf("description.reason[%d]", i), fmt.Errorf("%s where a reason belongs", kindName(n)))
			continue
		}
		at := place{list: "description.reason", item: i}
		a.Reasons = append(a.Reasons, Reason{
			Ordinal:           len(a.Reasons),
			ChangeReason:      a.text(n, "change_reason", at),
			ChangeTime:        a.time(n, "change_time", at),
			OldValue:          a.integer(n, "old_value", at),
			NewValue:          a.integer(n, "new_value", at),
			ScalingPolicyID:   a.text(n, "scaling_policy_id", at),
			ScalingPolicyName: a.text(n, "scaling_policy_name", at),
		})
	}
}
