/** Readers and mail, wherever they are. */
import { type AskOptions, ask } from '../ask.ts'

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
