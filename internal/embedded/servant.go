package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// servant says as whom Postgres runs, and makes dir that user's: as ourselves,
// or, since it refuses root, as the first of two users that a machine has.
func servant(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseInt(found.Uid, 10, 64)
		gid, err2 := strconv.ParseInt(found.Gid, 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("read the ids of user %s: %w", name, err)
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attr, own(dir, attr)
	}
	return nil, errors.New("Postgres refuses to run as root, and there is neither a user postgres nor a user nobody to run it as")
}

func own(path string, attr *syscall.SysProcAttr) error {
	if attr.Credential == nil {
		return nil
	}
	if err := os.Chown(path, int(attr.Credential.Uid), int(attr.Credential.Gid)); err != nil {
		return fmt.Errorf("hand over to the user that Postgres runs as: %w", err)
	}
	return nil
}
