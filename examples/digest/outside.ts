/** The search index, the post office and the statistics, wherever they are. */
export interface AskOptions {
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

export interface Comment {
  readonly id: string
  readonly article: string
  /** Of the article. */
  readonly author: string
  readonly by: string
}

export interface Digest {
  readonly readers: readonly string[]
  readonly text: string
}

const outsideUrl = process.env['OUTSIDE_URL'] ?? 'http://localhost:8200'

export async function addToIndex(comments: readonly Comment[], options: AskOptions): Promise<void> {
  await ask('/index', comments, options)
}

export async function mail(
  letter: { readonly to: string; readonly text: string },
  options: AskOptions,
): Promise<void> {
  await ask('/mails', letter, options)
}

export async function topComments(options: AskOptions): Promise<Digest> {
  return (await ask('/top-comments', {}, options)) as Digest
}

async function ask(path: string, body: unknown, options: AskOptions): Promise<unknown> {
  const response = await fetch(`${outsideUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': options.idempotencyKey },
    body: JSON.stringify(body),
    signal: options.signal,
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return response.json()
}
