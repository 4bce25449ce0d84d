import { handle, type ServiceContext, service } from '@fermata/lambda-runtime'
import type { AskOptions } from '../ask.ts'
import { addToIndex, type Comment, mail, topComments } from './outside.ts'

const quiet = Number(process.env['QUIET_MS'] ?? 300_000)

/** The search index is slow to open and fast to write: it takes comments by the hundred. */
export const search = service('search', {
  async index(ctx, found: readonly Comment[]): Promise<void> {
    await step(ctx, 'index', (options) => addToIndex(found, options))
  },
})

/** Mails to people. */
export const mailer = service('mailer', {
  async newComment(ctx, comment: Comment): Promise<void> {
    const text = `${comment.by} was the last to comment on ${comment.article}`
    await step(ctx, 'mail', (options) => mail({ to: comment.author, text }, options))
  },
  async digest(ctx, { to, text }: { to: string; text: string }): Promise<void> {
    await step(ctx, 'mail', (options) => mail({ to, text }, options))
  },
})

export const comments = service('comments', {
  async post(ctx, comment: Comment): Promise<void> {
    ctx.send(search, { batch: { maxSize: 100, maxWait: '2s' } }).index(comment)
    // While people talk, the author is left alone; when it is quiet, or has gone on for long, there is one mail.
    const news = { debounce: quiet, maxWait: quiet * 12, collectKey: comment.article }
    ctx.send(mailer, news).newComment(comment)
  },
})

/** On workdays at seven, what was said most about. */
export const digest = service('digest', {
  daily: handle(
    { schedule: { cron: '0 7 * * 1-5', timezone: 'Europe/Berlin' } },
    async (ctx: ServiceContext): Promise<number> => {
      const { readers, text } = await step(ctx, 'top comments', topComments)
      for (const to of readers) ctx.send(mailer).digest({ to, text })
      return readers.length
    },
  ),
})

async function step<T>(
  ctx: ServiceContext,
  name: string,
  work: (options: AskOptions) => Promise<T>,
): Promise<T> {
  const idempotencyKey = `${ctx.id}/${name}`
  return await ctx.run(name, ({ signal }) => work({ idempotencyKey, signal }))
}
