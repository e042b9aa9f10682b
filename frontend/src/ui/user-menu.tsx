import { Button, Menu } from "@mantine/core";
import { IconChevronDown, IconInfoCircle, IconLogout, IconUser } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { signOut } from "../api/auth";
import { live } from "../api/live";
import { leaveFor } from "../api/page-owner";
import { useMe } from "../state/session";
import { uploads } from "../state/uploads";
import { useConfirm } from "./confirm";
import { notifyError } from "./notify";

export function UserMenu() {
  const me = useMe();
  const navigate = useNavigate();
  const confirm = useConfirm();
  const leave = async (whatIsSent: Promise<void> | undefined) => {
    try {
      await whatIsSent;
      await signOut();
    } catch (thrown) {
      notifyError(thrown, "Could not sign out");
      return;
    }
    live.stop();
    uploads.forget();
    // From scratch: nothing that this page knew of a person or a patient outlives the session.
    leaveFor("/login");
  };
  const askToLeave = () =>
    uploads.isSending
      ? confirm({
          title: "Stop the upload and sign out?",
          body: "Files are still being sent. What has a verdict is stored; the rest would have to be chosen again.",
          yes: "Stop and sign out",
          danger: true,
          onYes: () => void leave(undefined),
        })
      : void leave(uploads.ended());
  return (
    <Menu position="bottom-end" width={210}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          rightSection={<IconChevronDown size={14} aria-hidden />}
          data-testid="user-menu"
          aria-label={`Account menu of ${me?.display_name || me?.username || "you"}`}
        >
          {me?.display_name || me?.username || "…"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me?.username} · {me?.role}
        </Menu.Label>
        <Menu.Item leftSection={<IconUser size={15} />} onClick={() => void navigate({ to: "/account" })}>
          Account and tokens
        </Menu.Item>
        <Menu.Item leftSection={<IconInfoCircle size={15} />} onClick={() => void navigate({ to: "/about" })}>
          About
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={askToLeave} data-testid="sign-out">
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
