/** Opens the workbench on a page that runs a module in the extension host, and passes on its log. */

const { main } = require("./browser.cjs");

main(async (page, { url }) => {
  const log = [];
  let exit;
  const exited = new Promise((resolve) => (exit = resolve));
  await page.exposeFunction("codeAutomationLog", (kind, args) =>
    log.push(`${kind}: ${args.join(" ")}`),
  );
  await page.exposeFunction("codeAutomationExit", (code) => exit(code));
  await page.goto(url);
  return { exit_code: await exited, log };
});
