/** A browser that shows the workbench and reaches nothing but this machine. */

const { chromium } = require("playwright-core");

/**
 * Opens the browser with a fresh profile, gives its page to `use`, and closes it.
 *
 * @param {{chromium: string, profile: string, timeout_ms: number}} options
 * @param {(page: import("playwright-core").Page) => Promise<T>} use
 * @returns {Promise<T>}
 * @template T
 */
async function withPage({ chromium: executablePath, profile, timeout_ms }, use) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: { width: 860, height: 520 },
    deviceScaleFactor: 2,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    await context.route(
      (url) => url.hostname !== "127.0.0.1",
      (route) => route.abort(),
    );
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(timeout_ms);
    try {
      return await Promise.race([use(page), end(timeout_ms)]);
    } catch (error) {
      const shown = await page.locator("body").innerText();
      throw new Error(`${error.message}\nThe page shows:\n${shown}`);
    }
  } finally {
    await context.close();
  }
}

/** Fails after a time, unless the script has ended by then. */
function end(timeout_ms) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not done in ${timeout_ms} ms`)), timeout_ms).unref();
  });
}

/** Reads the script's one argument, runs it, and prints its result as JSON. */
function main(run) {
  const options = JSON.parse(process.argv[2]);
  withPage(options, (page) => run(page, options)).then(
    (result) => process.stdout.write(JSON.stringify(result)),
    (error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exitCode = 1;
    },
  );
}

module.exports = { main };
