/** Opens the workbench and reads the first notification of a problem. */

const { main } = require("./browser.cjs");

main(async (page, { url, timeout_ms }) => {
  page.setDefaultTimeout(timeout_ms);
  await page.goto(url);
  const toast = page.locator(".notification-toast").filter({ hasText: "Bantam" }).first();
  await toast.waitFor();
  return {
    message: await toast.locator(".notification-list-item-message").innerText(),
    buttons: await toast.locator(".notification-list-item-buttons-container a").allInnerTexts(),
  };
});
