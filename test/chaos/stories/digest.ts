import { comments, digest, mailer, search } from '../../../examples/digest/digest.ts'
import type { Effect } from '../outside.ts'
import type { Story } from './story.ts'

const functions = { digest: [comments, digest, mailer, search] }
const outside: Story['outside'] = ({ path }) => ({
  json: path === '/top-comments' ? { readers: ['ada', 'grace'], text: 'Fermata' } : {},
})
const posted = [0, 1, 2, 3].map((n) => ({
  id: `c${n}`,
  article: n < 3 ? 'one' : 'two',
  author: `author of ${n < 3 ? 'one' : 'two'}`,
  by: `reader ${n}`,
}))

const indexed = (effects: readonly Effect[]) =>
  effects.filter(({ path }) => path === '/index').flatMap(({ body }) => body as { id: string }[])

/**
 * How many go together, and how often it was quiet meanwhile, depends on when they came: on who died. Each comment is
 * indexed once, and of each article the author is told last who was the last.
 */
export const comment: Story = {
  name: 'digest: comments are indexed together, and authors are told',
  functions,
  outside,
  async play(stage) {
    const outputs: unknown[] = []
    for (const one of posted) {
      const target = { service: 'comments', handler: 'post' }
      outputs.push(await stage.call(target, one, one.id))
    }
    for (const by of ['reader 2', 'reader 3']) {
      await stage.effect(({ body }) => (body as { text?: string }).text?.startsWith(by) === true)
    }
    await stage.effect(({ path, body }) => {
      return path === '/index' && (body as { id: string }[]).some(({ id }) => id === 'c3')
    })
    return outputs
  },
  compared: (effects) => ({
    indexed: indexed(effects)
      .map(({ id }) => id)
      .toSorted(),
    told: effects
      .flatMap(({ body }) => (body as { text?: string }).text ?? [])
      .filter((text) => /^reader [23]/.test(text))
      .toSorted(),
  }),
}

/** Begins a little before seven in Berlin, on a Wednesday. */
export const morning: Story = {
  name: 'digest: every morning a mail to each reader',
  functions,
  outside,
  startMs: Date.UTC(2023, 10, 15, 5, 59, 50),
  async play(stage) {
    for (const reader of ['ada', 'grace']) {
      await stage.effect(({ body }) => (body as { to?: string }).to === reader)
    }
    const [schedule] = await stage.ask((_, { admin }) => admin.schedules.list())
    if (schedule?.lastInvocationId === undefined) return schedule
    return stage.outputOf(schedule.lastInvocationId)
  },
}
