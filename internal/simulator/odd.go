package simulator

import "slices"

// An odd is one way in which a payload departs from what the interface's page
// describes. Some were seen in relatives of the API, the rest is what a
// careless server might send.
type odd uint8

const (
	even odd = iota
	oddNullLists
	oddBlankLists
	oddNameLists
	oddTextNumbers
	oddDescription
	oddStandby
	oddStatus
	oddExtraFields
	oddDoubleKeys
	oddNUL
	oddSurrogate
	oddHugeNumber
	oddUTF8
	oddNoID
	oddDeep
)

var oddNames = []string{
	"",
	"null_lists",   // every empty list is null
	"blank_lists",  // every empty list is ""
	"name_lists",   // lists are comma-joined names, as V1 writes them
	"text_numbers", // numbers are strings
	"description",  // the description is no JSON
	"standby",      // type ENTER_STANDBY with an instance_standby_list
	"status",       // a status that nobody has heard of
	"extra_fields", // fields that the interface does not have
	"double_keys",  // a key that stands twice, the last is right
	"nul",          // \u0000 in names and in a field of its own
	"surrogate",    // half a surrogate pair
	"huge_number",  // a scaling_value beyond 64 bits
	"utf8",         // bytes that are not UTF-8
	"no_id",        // a record without an id
	"deep",         // nested 300 deep
}

// Oddities are the names that Faults.OddKinds takes.
func Oddities() []string { return slices.Clone(oddNames[1:]) }

func (o odd) String() string { return oddNames[o] }

// untakeable reports whether no reader can make a row of such a record, so
// that the whole of it belongs in quarantine.
func (o odd) untakeable() bool { return o == oddUTF8 || o == oddNoID || o == oddDeep }

// field is the one field that cannot be read, if there is one.
func (o odd) field() string {
	if o == oddHugeNumber {
		return "scaling_value"
	}
	return ""
}

func pickOdd(d *dice, names []string) odd {
	if len(names) == 0 {
		return odd(1 + d.below(len(oddNames)-1))
	}
	return odd(slices.Index(oddNames, names[d.below(len(names))]))
}

// inName is what an odd record's names end with, as JSON text.
func (o odd) inName() string {
	switch o {
	case oddNUL:
		return `\u0000`
	case oddSurrogate:
		return `\ud83d`
	case oddUTF8:
		return "\xc3\x28"
	}
	return ""
}
