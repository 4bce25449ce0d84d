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

export const approved: Story = {
  name: 'approval: a claim is paid out',
  functions,
  outside,
  async play(stage) {
    const id = await claim(stage)
    const task = await taskOf(stage)
    await stage.heartbeat(task)
    await decide(stage, task, true)
    await stage.signal(id, 'pay day')
    return stage.outputOf(id)
  },
}

export const declined: Story = {
  name: 'approval: a claim is declined',
  functions,
  outside,
  async play(stage) {
    const id = await claim(stage)
    await decide(stage, await taskOf(stage), false)
    return stage.outputOf(id)
  },
}

export const cancelled: Story = {
  name: 'approval: a claim is cancelled',
  functions,
  outside,
  async play(stage) {
    const id = await claim(stage)
    await decide(stage, await taskOf(stage), true)
    await stage.waiting(id, 'signal')
    await stage.cancel(id)
    return stage.outputOf(id)
  },
}

export const killed: Story = {
  name: 'approval: a claim is killed',
  functions,
  outside,
  async play(stage) {
    const id = await claim(stage)
    await taskOf(stage)
    await stage.waiting(id, 'awakeable')
    await stage.kill(id)
    return stage.outputOf(id)
  },
}

export const silentReviewer: Story = {
  name: 'approval: a reviewer falls silent',
  isLong: true,
  functions,
  outside,
  async play(stage) {
    const id = await claim(stage)
    await decide(stage, await taskOf(stage, 2), true)
    await stage.signal(id, 'pay day')
    return stage.outputOf(id)
  },
}
