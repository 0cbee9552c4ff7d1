/** Types like a person, takes a picture when ghost text is there, accepts it and saves. */

const { main } = require("./browser.cjs");

/** Height of the title bar in CSS pixels; it is left out of the picture. */
const TITLE_BAR = 35;

main(async (page, { url, typed, screenshot }) => {
  await page.goto(url);
  await page.locator(".monaco-editor .view-line").first().waitFor();
  const status = page.locator('.statusbar-item[id*="bantam"]');
  await status.locator(".codicon-zap").waitFor();
  await page.keyboard.press("Control+b"); // The side bar shows nothing of interest.
  await page.locator(".monaco-editor").first().click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(typed, { delay: 40 });
  const ghost = await settledText(page.locator('.monaco-editor [class*="ghost-text"]'));
  if (screenshot) {
    const { width, height } = page.viewportSize();
    const clip = { x: 0, y: TITLE_BAR, width, height: height - TITLE_BAR };
    await page.screenshot({ path: screenshot, clip });
  }
  const cursor = page.locator('[id="status.editor.selection"]');
  const typedTo = await cursor.innerText();
  await page.keyboard.press("Tab");
  await cursor.filter({ hasNotText: typedTo }).waitFor();
  await page.keyboard.press("Control+s");
  await page.locator(".tab.active:not(.dirty)").waitFor();
  return { ghost, status: (await status.innerText()).trim() };
});

/** Waits until there is text that stays for half a second; returns its pieces. */
async function settledText(locator) {
  await locator.first().waitFor();
  let [before, now] = [[], await textsOf(locator)];
  while (now.length === 0 || before.join("\n") !== now.join("\n")) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    [before, now] = [now, await textsOf(locator)];
  }
  return now;
}

/** The texts of elements, with plain spaces for those that the editor shows. */
async function textsOf(locator) {
  const texts = await locator.allTextContents();
  return texts.map((text) => text.replaceAll("\u00a0", " ")).filter((text) => text.trim());
}
