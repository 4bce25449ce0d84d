/** Readers and mail, wherever they are. Two requests with one idempotency key do the thing once. */
export interface AskOptions {
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

const outsideUrl = process.env['OUTSIDE_URL'] ?? 'http://localhost:8200'

/** The addresses of all who have subscribed. */
export async function readersOf(letter: string, options: AskOptions): Promise<readonly string[]> {
  const { readers } = (await ask('/readers', { letter }, options)) as {
    readonly readers: readonly string[]
  }
  return readers
}

export async function sendMail(
  mail: { readonly to: string; readonly text: string },
  options: AskOptions,
): Promise<void> {
  await ask('/mail/messages', mail, options)
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
