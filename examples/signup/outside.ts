/** Mail and accounts, wherever they are. */
import { type AskOptions, ask } from '../ask.ts'

export interface Mail {
  readonly to: string
  readonly template: string
  readonly text: string
}

export async function sendMail(mail: Mail, options: AskOptions): Promise<void> {
  await ask('/mail/messages', mail, options)
}

/** Answers with the account's number. */
export async function openAccount(
  user: { readonly email: string; readonly name: string },
  options: AskOptions,
): Promise<string> {
  const { account } = (await ask('/accounts', user, options)) as { readonly account: string }
  return account
}
