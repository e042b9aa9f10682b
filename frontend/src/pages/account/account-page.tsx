import { PageBody } from "../../ui/page";
import classes from "./account.module.css";
import { PasswordPanel } from "./password-panel";
import { PreferencesPanel } from "./preferences-panel";
import { ReviewingPanel } from "./reviewing-panel";
import { TokensPanel } from "./tokens-panel";

export function AccountPage() {
  return (
    <PageBody
      testId="account-page"
      title="Account"
      about="Your name, your password, and tokens for programs."
    >
      <div className={classes.two}>
        <PreferencesPanel />
        <PasswordPanel />
      </div>
      <TokensPanel />
      <ReviewingPanel />
    </PageBody>
  );
}
