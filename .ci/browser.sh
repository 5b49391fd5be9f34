# The browser that reports are looked at with, for tests/browser.py.

# install_browser: install Chromium where there is no browser, apt is there and root may use it.
# Where it cannot be had its tests are skipped, with a line that says so.
install_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null && return 0
  done
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null &&
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
    --no-install-recommends chromium fonts-dejavu-core; then
    return 0
  fi >/dev/null 2>&1
  echo ".ci/run: Chromium could not be installed; its tests are skipped" >&2
}
