import { expenses } from '../../../examples/approval/expenses.ts'
import type { Stage } from '../stage.ts'
import type { Story } from './story.ts'

const tenMinutesMs = 600_000
const functions = { approval: [expenses] }
const outside: Story['outside'] = ({ path }) => {
  if (path === '/budgets/reserve') return { json: { budget: 'B-1' } }
  return { json: path === '/payments' ? { payment: 'P-1' } : {} }
}

const claim = (stage: Stage) =>
  stage.submit(
    { service: 'expenses', handler: 'claim' },
    { employee: 'Ada', amount: 90, purpose: 'books' },
    'books',
  )

async function taskOf(stage: Stage, round = 1): Promise<string> {
  const withinMs = round * 2 * tenMinutesMs
  const { body } = await stage.effect(({ key }) => key.endsWith(`assign ${round}`), withinMs)
  return (body as { task: string }).task
}

const decide = (stage: Stage, task: string, approved: boolean) =>
  stage.complete(task, { kind: 'value', value: { json: { approved, by: 'Grace' } } })

const story = (name: string, play: Story['play']): Story => ({
  ...{ name: `approval: ${name}`, functions, outside },
  play,
})

export const approved = story('a claim is paid out', async (stage) => {
  const id = await claim(stage)
  const task = await taskOf(stage)
  await stage.heartbeat(task)
  await decide(stage, task, true)
  await stage.signal(id, 'pay day')
  return stage.outputOf(id)
})

export const declined = story('a claim is declined', async (stage) => {
  const id = await claim(stage)
  await decide(stage, await taskOf(stage), false)
  return stage.outputOf(id)
})

export const cancelled = story('a claim is cancelled', async (stage) => {
  const id = await claim(stage)
  await decide(stage, await taskOf(stage), true)
  await stage.waiting(id, 'signal')
  await stage.cancel(id)
  return stage.outputOf(id)
})

export const killed = story('a claim is killed', async (stage) => {
  const id = await claim(stage)
  await taskOf(stage)
  await stage.waiting(id, 'awakeable')
  await stage.kill(id)
  return stage.outputOf(id)
})

export const silentReviewer: Story = {
  ...story('a reviewer falls silent', async (stage) => {
    const id = await claim(stage)
    await decide(stage, await taskOf(stage, 2), true)
    await stage.signal(id, 'pay day')
    return stage.outputOf(id)
  }),
  isLong: true,
}
