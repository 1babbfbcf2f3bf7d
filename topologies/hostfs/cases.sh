#!/bin/bash
# Cases of owners, modes, renames and links, as POSIX has them: run by root in an empty folder of the file system that is tried, `cases.sh FOLDER`.
# Each line is a case: `ok` has to succeed, `no ERROR` has to fail with that word in what it says. Users 1001 and 1002; 1001 is in group 1002 too.
cd "$1" || exit 1
chmod 755 .
umask 022
passed=0 failed=0

fail() { failed=$((failed + 1)); echo "cases: FAILED $*"; }
ok() { said=$("$@" 2>&1) && passed=$((passed + 1)) || fail "$*: $said"; }
no() { wanted=$1; shift; if said=$("$@" 2>&1); then fail "$* succeeded"; else case $said in *"$wanted"*) passed=$((passed + 1)) ;; *) fail "$*: $said" ;; esac; fi; }
is() { [ "$1" = "$2" ] && passed=$((passed + 1)) || fail "$3: $1, not $2"; }
# as USER COMMAND...: as 1001 or 1002, with their own group, and 1001 in 1002 too.
as() { who=$1; shift; chroot --userspec="$who:$who" --groups="$( [ "$who" = 1001 ] && echo 1002 || echo "$who")" / /bin/bash -c "cd '$here'; umask 022; $*"; }
mode() { stat -c %a "$1"; }
owner() { stat -c %u:%g "$1"; }
here=$(pwd)

# open and create
ok mkdir -m 777 open
ok as 1001 'echo mine >open/a'
is "$(owner open/a)" 1001:1001 'a new file is its maker’s'
is "$(mode open/a)" 644 'the umask counts'
ok as 1002 'cat open/a'
no 'Permission denied' as 1002 'echo other >>open/a'
ok as 1001 'chmod 600 open/a'
no 'Permission denied' as 1002 'cat open/a'
ok cat open/a
no 'Not a directory' cat open/a/b
no 'Is a directory' bash -c 'echo >open'
no 'cannot overwrite' bash -c 'set -C; echo >open/a'
ok bash -c 'echo 12345 >>open/a; [ "$(cat open/a)" = "$(printf "mine\n12345")" ]'
ok bash -c ': >open/a; [ ! -s open/a ]'
no 'No such file' cat open/none
long=$(printf %0256d 0)
no 'name too long' bash -c ": >open/$long"
ok bash -c ": >open/${long#0}"
ok bash -c 'printf one >open/"
 *\	ä"; [ "$(cat open/"
 *\	ä")" = one ]'

# chmod and chown
ok touch m
for bits in 0 1 10 100 7 70 700 644 1777 2755 4755 7777; do chmod $bits m; is "$(mode m)" $bits "chmod $bits"; done
ok chown 1001:1001 m
is "$(mode m)" 1777 'chown takes set-id bits away'
no 'not permitted' as 1002 'chmod 644 m'
no 'not permitted' as 1001 'chown 1002 m'
ok as 1001 'chgrp 1002 m'
is "$(owner m)" 1001:1002 'to a group of one’s own'
no 'not permitted' as 1001 'chgrp 0 m'
ok chmod 4777 m
ok as 1002 'echo x >>m'
is "$(mode m)" 777 'a write by somebody else takes set-id bits away'
ok mkdir group
ok chown 0:1002 group
ok chmod 2775 group
ok as 1001 ': >group/f; mkdir group/d'
is "$(owner group/f)" 1001:1002 'a set-gid folder gives its group'
is "$(mode group/d)" 2755 'and its bit to folders'
ok mkdir closed
ok chmod 700 closed
ok touch closed/f
no 'Permission denied' as 1001 'cat closed/f'
no 'Permission denied' as 1001 'ls closed'
ok chmod 711 closed
ok as 1001 'cat closed/f'
no 'Permission denied' as 1001 'ls closed'

# unlink, rmdir, and what is open
ok mkdir -p gone/full
ok touch gone/full/f
no 'not empty' rmdir gone/full
no 'Is a directory' unlink gone/full
no 'Not a directory' rmdir gone/full/f
exec 3<>gone/full/f
echo still >&3
ok rm gone/full/f
no 'No such file' cat gone/full/f
ok rmdir gone/full
echo here >&3
is "$(cat /proc/self/fd/3)" "$(printf 'still\nhere')" 'what is open stays when its name goes'
exec 3>&-
ok mkdir -m 1777 sticky
ok as 1001 ': >sticky/f'
no 'not permitted' as 1002 'rm -f sticky/f'
no 'not permitted' as 1002 'mv sticky/f sticky/g'
ok as 1001 'rm sticky/f'
ok bash -c 'mkdir many; for i in $(seq 300); do : >many/file-with-a-name-of-some-length-$i; done; [ $(ls many | wc -l) = 300 ]'
ok rm -r many

# rename
ok mkdir -p r/a r/b r/full/x
ok bash -c 'echo 1 >r/one; echo 2 >r/two; ln r/one r/hard'
ok mv r/one r/a/one
is "$(cat r/a/one)" 1 'a file moves'
ok mv r/two r/a/one
is "$(cat r/a/one)" 2 'and takes another’s place'
is "$(cat r/hard)" 1 'whose other name stays'
is "$(stat -c %h r/hard)" 1 'and counts'
no 'not empty' mv -T r/a r/full
no 'directory' mv -T r/a r/hard
no 'directory' mv -T r/hard r/b
no 'subdirectory of itself' mv r/a r/a/below
ok mv -T r/a r/b
is "$(cat r/b/one)" 2 'a folder takes an empty one’s place'
exec 3<>r/b/one
ok mv r/b r/c
echo more >>r/c/one
is "$(cat <&3)" "$(printf '2\nmore')" 'what is open stays through a move of its folder'
exec 3>&-
ok mv r/c/one r/c/one.new
ok mv r/c/one.new r/c/one
ok mkdir -m 755 r/own
ok touch r/own/f
no 'Permission denied' as 1001 'mv r/own/f open/f'

# links
ok bash -c 'echo l >f; ln f f2; [ $(stat -c %h f) = 2 ] && [ $(stat -c %i f) = $(stat -c %i f2) ]'
ok chmod 640 f2
is "$(mode f)" 640 'two names, one file'
ok rm f
is "$(cat f2)" l 'the second name stays'
no 'File exists' ln -T f2 open
no 'hard link not allowed' ln open hardfolder
ok ln -s f2 soft
is "$(readlink soft)" f2 'a link’s text'
is "$(cat soft)" l 'a link is followed'
ok ln -s loop loop
no 'symbolic links' cat loop
ok ln -s /etc/none/../nowhere dangling
no 'No such file' cat dangling
is "$(readlink dangling)" /etc/none/../nowhere 'a link says what it was told'
ok rm soft loop dangling

# devices, pipes, sizes, times
ok mknod null c 1 3
ok chmod 666 null
is "$(stat -c %t:%T null)" 1:3 'a device’s numbers'
no 'not permitted' as 1001 'mknod open/null c 1 3'
ok mkfifo pipe
ok bash -c 'cat pipe >got & echo through >pipe; wait; [ "$(cat got)" = through ]'
ok truncate -s 5000000000 large
is "$(stat -c %s large)" 5000000000 'a large file'
ok bash -c 'printf end | dd of=large bs=1 seek=4999999000 conv=notrunc 2>/dev/null; [ "$(dd if=large bs=1 skip=4999999000 count=3 2>/dev/null)" = end ]'
ok truncate -s 3 large
is "$(stat -c %s large)" 3 'cut short'
ok touch -d @86400.5 f2
is "$(stat -c %Y f2)" 86400 'a time is kept'
no 'touch:' as 1001 'touch -d @1 f2'
ok chown 1001 f2
ok as 1001 'touch -d @2 f2'
is "$(stat -c %Y f2)" 2 'the owner sets times'
ok bash -c 'dd if=/dev/urandom of=random bs=65536 count=17 2>/dev/null; cp random copy; cmp random copy; dd if=random of=copy bs=4099 2>/dev/null; cmp random copy'
ok rm random copy large

[ $failed = 0 ] && echo "cases: all passed, $passed of them" || echo "cases: $failed of $((passed + failed)) failed"
