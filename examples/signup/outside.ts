/** Mail and accounts, wherever they are. Each asks for an idempotency key: two requests with one key do the thing once. */
export interface AskOptions {
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

export interface Mail {
  readonly to: string
  readonly template: string
  readonly text: string
}

const outsideUrl = process.env['OUTSIDE_URL'] ?? 'http://localhost:8200'

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

async function ask(path: string, body: object, options: AskOptions): Promise<unknown> {
  const response = await fetch(new URL(path, outsideUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': options.idempotencyKey },
    body: JSON.stringify(body),
    signal: options.signal,
  })
  if (response.ok) return response.json()
  throw new Error(`${path} answered ${response.status}`)
}
