#!/bin/sh
# Writes .env beside this file, with passwords of random letters and digits, unless
# it is there. Passwords of engines that have run must not change.
set -eu
cd "$(dirname "$0")"
[ ! -e .env ] || { echo ".env is there already"; exit 0; }
random() { head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
umask 077
cat > .env.new <<END
POSTGRES_PASSWORD=p$(random)
S3_SECRET=s$(random)
NATS_PASSWORD=n$(random)
MAGPIE_BOOTSTRAP_TOKEN=$(random)
MAGPIE_PUBLIC_URL=
END
mv .env.new .env
echo "wrote .env; MAGPIE_BOOTSTRAP_TOKEN in it is the first user's access token"
