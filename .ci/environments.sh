# The environments that .ci/environments/NAME.txt describe, for tests/environments.py.

# make_environments PYTHON CACHE: make those that are not there, and name their folder in
# KERASOCC_ENVIRONMENTS. One that cannot be installed is left out, with a line that says so.
make_environments() {
  local python=$1 cache=$2 file name key made
  export KERASOCC_ENVIRONMENTS=$cache/environments
  mkdir -p "$KERASOCC_ENVIRONMENTS"
  for file in .ci/environments/*.txt; do
    name=$(basename "$file" .txt)
    key=$({ cat "$file"; "$python" --version; } | sha256sum | cut -c1-16)
    made=$cache/$name-$key
    if [ ! -e "$made/complete" ]; then
      rm -rf "$made"
      if ! { "$python" -m venv "$made" &&
        "$made/bin/python" -m pip install --quiet --requirement "$file" &&
        touch "$made/complete"; }; then
        echo ".ci/run: the environment $name could not be made; its tests are skipped" >&2
        rm -rf "$made"
      fi
    fi
    # A link to an environment that is not there counts as none.
    ln -sfn "$made" "$KERASOCC_ENVIRONMENTS/$name"
  done
}
