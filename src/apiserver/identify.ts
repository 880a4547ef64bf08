import { impersonation, type Authenticator, type Authorizer } from "#auth";
import type { HttpRequest, UserInfo } from "#http";
import { badRequest, unauthorized } from "#objects";
import { authorize } from "./authorize.ts";

/** Who sends the request, or whom they may act as. */
export async function identify(
  authenticator: Authenticator,
  authorizer: Authorizer,
  request: HttpRequest,
  warn: (text: string) => void,
): Promise<UserInfo> {
  const found = await authenticator.authenticate(request);
  if (found.type !== "user") throw unauthorized();
  const { user, warnings } = found;
  warnings?.forEach(warn);
  if (!mayImpersonate(request)) return user;
  const wanted = impersonation(request.headers, user);
  if (wanted.type === "none") return user;
  if (wanted.type === "refused") throw badRequest(wanted.message);
  for (const attributes of wanted.needs) await authorize(authorizer, attributes);
  return wanted.user;
}

function mayImpersonate({ headers }: HttpRequest): boolean {
  for (const name in headers) if (name.startsWith("impersonate-")) return true;
  return false;
}
