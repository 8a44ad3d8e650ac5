package cli

import "golang.org/x/sys/unix"

// fileSystems are the names of usual ones by what the kernel calls them.
var fileSystems = map[int64]string{
	unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs", unix.TMPFS_MAGIC: "tmpfs",
	unix.OVERLAYFS_SUPER_MAGIC: "overlay", unix.NFS_SUPER_MAGIC: "nfs", unix.FUSE_SUPER_MAGIC: "fuse", unix.CIFS_SUPER_MAGIC: "cifs",
	0x2fc12fc1: "zfs", 0x0bd00bd0: "lustre", 0x47504653: "gpfs",
}

// fileSystem names the kind of file system, "" where it is none of the usual.
func fileSystem(disk *unix.Statfs_t) string { return fileSystems[int64(disk.Type)] }
