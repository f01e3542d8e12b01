// Package deploy holds what operators run, where the program itself needs it
// too.
package deploy

import _ "embed"

// Roles is roles.sql: it makes the three roles, may be repeated, and may be run
// by an administrator where `aslogd migrate` has no right to.
//
//go:embed roles.sql
var Roles string
