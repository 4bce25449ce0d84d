/** The search index, the post office and the statistics, wherever they are. */
import { type AskOptions, ask } from '../ask.ts'

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
