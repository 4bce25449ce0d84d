import { outcomeOf } from './checks.ts'
import type { InvocationFacts } from './orchestrators/journals.ts'
import { expectedEffects, outcomes } from './orders.ts'
import { effectKinds } from './outside-world/ledger.ts'
import { partitions } from './parts.ts'
import type { Run } from './run.ts'
import { paint, plural, seconds } from './terminal/style.ts'
import { renderTable, type Table } from './terminal/table.ts'

const shownProblems = 12

/** The run in numbers, and the verdict. */
export function renderReport(run: Run, problems: readonly string[]): readonly string[] {
  return [
    '',
    ...renderTable(summary(run)),
    '',
    ...renderTable(sideEffects(run)),
    '',
    ...verdict(run, problems),
    '',
  ]
}

function summary(run: Run): Table {
  const all = run.histories.flatMap(({ invocations }) => invocations)
  const sum = (count: (facts: InvocationFacts) => number) =>
    String(all.reduce((total, facts) => total + count(facts), 0))
  const lambdas = Object.entries(run.functions)
  const calls = lambdas.reduce((total, [, { invocations }]) => total + invocations, 0)
  return {
    title: 'What happened',
    columns: [
      { name: '', align: 'left' },
      { name: '', align: 'right' },
      { name: '', align: 'left' },
    ],
    rows: [
      ['Orders', String(run.histories.length), ofOutcomes(run)],
      ['Kafka records', String(run.histories.length), ofRecords(run)],
      ['Invocations', String(all.length), ofServices(all)],
      ['Lambda invocations', String(calls), ofFunctions(lambdas)],
      ['Suspensions', sum(({ suspensions }) => suspensions), 'a function that waits does not run'],
      [
        'Resumes',
        sum(({ resumes }) => resumes),
        `${run.approvals} of them brought a decision over HTTP`,
      ],
      ['Kills survived', String(run.kills.length), ofKills(run, all)],
      ['Side effects', String(run.effects.length), ofRepeats(run)],
      ['Time', seconds(run.tookMs), 'from the first record to the last commit'],
    ].map(([name = '', count = '', note = '']) => [name, paint('bold', count), paint('dim', note)]),
  }
}

function ofOutcomes({ histories }: Run): string {
  const ends = histories.map(outcomeOf)
  return outcomes
    .map((outcome) => `${ends.filter((end) => end === outcome).length} ${outcome}`)
    .join(', ')
}

function ofRecords({ lag, deadRecords }: Run): string {
  return `in ${plural(partitions, 'partition')}, ${lag} not committed, ${deadRecords} dead`
}

function ofServices(all: readonly InvocationFacts[]): string {
  const services = [...new Set(all.map(({ service }) => service))]
  return services
    .map((name) => `${name} ${all.filter(({ service }) => service === name).length}`)
    .join(', ')
}

function ofFunctions(lambdas: readonly (readonly [string, Run['functions'][string]])[]): string {
  return lambdas
    .map(([name, { invocations, coldStarts }]) => `${name} ${invocations} (${coldStarts} cold)`)
    .join(', ')
}

function ofKills({ kills }: Run, all: readonly InvocationFacts[]): string {
  const retried = all.reduce((total, { failedAttempts }) => total + failedAttempts, 0)
  const takeovers = all.flatMap((facts) => facts.takeovers)
  const orchestratorDied = kills.find(({ victim }) => victim === 'orchestrator')?.at
  const last = Math.max(...takeovers.map(({ at }) => at))
  const within =
    orchestratorDied === undefined || takeovers.length === 0
      ? ''
      : ` within ${seconds(last - orchestratorDied)}`
  return `${plural(retried, 'attempt')} tried again, ${takeovers.length} taken over${within}`
}

function ofRepeats({ effects, outages, lostAnswers }: Run): string {
  const repeats = effects.reduce((total, { requests }) => total + requests - 1, 0)
  return `${plural(repeats, 'repeated request')} known by key; ${plural(outages, 'outage')}, ${plural(lostAnswers, 'lost answer')}`
}

function sideEffects({ orders, effects }: Run): Table {
  const rows = effectKinds.map((kind) => {
    const expected = orders.filter((order) => expectedEffects(order).includes(kind)).length
    const own = effects.filter((effect) => effect.kind === kind)
    const perOrder = Map.groupBy(own, ({ order }) => order)
    const most = Math.max(0, ...[...perOrder.values()].map(({ length }) => length))
    const requests = own.reduce((total, effect) => total + effect.requests, 0)
    const isRight = own.length === expected && most <= 1
    return [
      kind,
      String(expected),
      paint(isRight ? 'green' : 'red', String(own.length)),
      paint(most <= 1 ? 'green' : 'red', String(most)),
      String(requests),
    ]
  })
  return {
    title: 'What the world outside saw, by idempotency key',
    columns: [
      { name: 'side effect', align: 'left' },
      { name: 'orders', align: 'right' },
      { name: 'seen', align: 'right' },
      { name: 'most per order', align: 'right' },
      { name: 'requests', align: 'right' },
    ],
    rows,
  }
}

function verdict(run: Run, problems: readonly string[]): readonly string[] {
  if (problems.length === 0) {
    const text = `Each of ${run.histories.length} orders ran to its end, each side effect happened exactly once.`
    return [`  ${paint(['green', 'bold'], '✓')} ${text}`]
  }
  const more = problems.length - shownProblems
  return [
    `  ${paint(['red', 'bold'], '✗')} ${plural(problems.length, 'thing')} off:`,
    ...problems.slice(0, shownProblems).map((problem) => `    ${problem}`),
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ]
}
