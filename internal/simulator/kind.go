package simulator

import "strings"

// A kind is what an action does, as the interface calls it.
type kind uint8

const (
	normal kind = iota
	manualAdd
	manualRemove
	manualDelete
	elbCheckDelete
	auditCheckDelete
	diff
	modifyELB
	enterStandby // not in the interface's list, but seen in the wild
)

var kindNames = [...]string{
	"NORMAL", "MANUAL_ADD", "MANUAL_REMOVE", "MANUAL_DELETE",
	"ELB_CHECK_DELETE", "AUDIT_CHECK_DELETE", "DIFF", "MODIFY_ELB", "ENTER_STANDBY",
}

// pickKind draws a kind as often as it is met in a busy project, and whether it
// takes instances away.
func pickKind(d *dice) (k kind, remove bool) {
	either := d.hit(0.5)
	switch n := d.below(100); {
	case n < 6:
		return modifyELB, false
	case n < 14:
		return manualAdd, false
	case n < 20:
		return manualRemove, true
	case n < 24:
		return manualDelete, true
	case n < 27:
		return elbCheckDelete, true
	case n < 29:
		return auditCheckDelete, true
	case n < 37:
		return diff, either
	default:
		return normal, either
	}
}

// typeText is the type as this record spells it.
func (e *event) typeText() string {
	switch {
	case e.odd == oddStandby:
		return kindNames[enterStandby]
	case e.misspelt:
		return strings.Replace(kindNames[e.kind], "MANUAL", "MANNUAL", 1)
	}
	return kindNames[e.kind]
}

// spelt makes both spellings of a type one, for filters.
func spelt(typ string) string { return strings.Replace(typ, "MANNUAL", "MANUAL", 1) }

// status is the status as this record spells it at the moment view.
func (e *event) status(view int64) string {
	switch {
	case e.odd == oddStatus:
		return "PAUSING"
	case e.doing(view):
		return "DOING"
	case e.fail:
		return "FAIL"
	}
	return "SUCCESS"
}

// changeReason is why the action was taken, in the words of the description.
func (e *event) changeReason(d *dice) (reason string, policy bool) {
	switch e.kind {
	case manualAdd:
		return "MANNUAL_ADD", false
	case manualRemove, manualDelete:
		return "MANNUAL_REMOVE", false
	case elbCheckDelete:
		return "ELB_CHECK_DELETE", false
	case auditCheckDelete:
		return "AUDIT_CHECK_DELETE", false
	case diff:
		return "DIFF", false
	}
	switch d.below(5) {
	case 0:
		return "SCHEDULED", true
	case 1:
		return "RECURRENCE", true
	case 2:
		return "MANNUAL", false
	default:
		return "ALARM", true
	}
}
