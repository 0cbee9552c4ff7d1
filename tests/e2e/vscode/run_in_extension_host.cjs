/** Opens the workbench on a page that runs a module in the extension host, and passes on its log. */

const { main } = require("./browser.cjs");

main(async (page, { url, timeout_ms }) => {
  const log = [];
  let exit;
  const exited = new Promise((resolve, reject) => {
    exit = resolve;
    setTimeout(() => reject(new Error(`no end in ${timeout_ms} ms; ${log.join("\n")}`)), timeout_ms)
      .unref();
  });
  await page.exposeFunction("codeAutomationLog", (kind, args) =>
    log.push(`${kind}: ${args.join(" ")}`),
  );
  await page.exposeFunction("codeAutomationExit", (code) => exit(code));
  await page.goto(url);
  return { exit_code: await exited, log };
});
