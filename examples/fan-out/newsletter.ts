import { service } from '@fermata/lambda-runtime'
import { readersOf, sendMail } from './outside.ts'

export interface Issue {
  readonly letter: string
  readonly text: string
}

export interface Posted {
  readonly readers: number
  /** Those whose mail could not be sent, not even after several tries. */
  readonly missed: readonly string[]
}

/** Sends one mail. */
export const post = service(
  { name: 'post', private: true, retry: { maxAttempts: 5, onExhaustion: 'fail' } },
  {
    async deliver(ctx, mail: { readonly to: string; readonly text: string }): Promise<void> {
      await ctx.run(
        'send',
        ({ signal }) => sendMail(mail, { idempotencyKey: `${ctx.id}/send`, signal }),
        { timeout: '5s', retry: { maxAttempts: 3, initialDelay: '50ms' } },
      )
    },
    async ask(ctx, reader: string): Promise<void> {
      const mail = { to: reader, text: 'How did you like the last issue?' }
      await ctx.run('ask', ({ signal }) =>
        sendMail(mail, { idempotencyKey: `${ctx.id}/ask`, signal }),
      )
    },
  },
)

/** One issue to many readers: an invocation for each, and one that waits for them all. */
export const newsletter = service('newsletter', {
  async publish(ctx, { letter, text }: Issue): Promise<Posted> {
    const readers = await ctx.run('readers', ({ signal }) =>
      readersOf(letter, { idempotencyKey: `${ctx.id}/readers`, signal }),
    )
    // While they are on their way nothing runs here. A tenth of them may fail.
    const results = await ctx.map(readers, (to) => ctx.call(post).deliver({ to, text }), {
      concurrency: 100,
      tolerance: '10%',
    })
    const missed = readers.filter((_, index) => results[index]?.status === 'rejected')
    // Nobody waits for these: they are invocations of their own, a week from now.
    for (const reader of readers) {
      if (!missed.includes(reader)) ctx.send(post, { delay: '7d' }).ask(reader)
    }
    return { readers: readers.length, missed }
  },
})
