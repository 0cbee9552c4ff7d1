/** Types if asked to, and reads the first notification of a problem. */

const { main } = require("./browser.cjs");

main(async (page, { url, typed }) => {
  await page.goto(url);
  if (typed) {
    await page.locator(".monaco-editor .view-line").first().waitFor();
    await page.locator('.statusbar-item[id*="bantam"] .codicon-zap').waitFor();
    await page.locator(".monaco-editor").first().click();
    await page.keyboard.type(typed, { delay: 40 });
  }
  const toast = page.locator(".notification-toast").filter({ hasText: "Bantam" }).first();
  await toast.waitFor();
  await page.locator('.statusbar-item[id*="bantam"] .codicon-warning').waitFor();
  return {
    message: await toast.locator(".notification-list-item-message").innerText(),
    buttons: await toast.locator(".notification-list-item-buttons-container a").allInnerTexts(),
  };
});
