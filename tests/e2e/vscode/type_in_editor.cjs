/** Types like a person, takes a picture when ghost text is there, accepts it, reads the editor. */

const { main } = require("./browser.cjs");

main(async (page, { url, typed, screenshot, timeout_ms }) => {
  page.setDefaultTimeout(timeout_ms);
  await page.goto(url);
  await page.locator(".monaco-editor .view-line").first().waitFor();
  const status = page.locator('.statusbar-item[id*="bantam"]');
  await status.locator(".codicon-zap").waitFor();
  await page.locator(".monaco-editor").first().click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(typed, { delay: 40 });
  const ghost = page.locator('.monaco-editor [class*="ghost-text"]');
  await ghost.first().waitFor();
  if (screenshot) {
    await page.screenshot({ path: screenshot });
  }
  const shown = await lines(ghost);
  const before = await lines(page.locator(".view-line"));
  await page.keyboard.press("Tab");
  await ghost.first().waitFor({ state: "detached" });
  return {
    ghost: shown,
    before,
    after: await lines(page.locator(".view-line")),
    status: (await status.innerText()).trim(),
  };
});

/** The texts of elements, with plain spaces for those that the editor shows. */
async function lines(locator) {
  return (await locator.allTextContents()).map((text) => text.replaceAll("\u00a0", " "));
}
