/** `cdk synth` of the app, as a user calls it, and the app by itself. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { processEnvironment } from '../support/real-parts/environment.ts'
import { cdk, repository } from './support/cdk-cli.ts'

it('is synthesized without a network: nothing is looked up, and nothing of this machine is in it', async ({
  signal,
  onTestFinished,
}) => {
  const scratch = mkdtempSync(join(tmpdir(), 'fermata-synth-'))
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }))
  const out = join(scratch, 'out')
  const said = await cdk(
    [
      'synth',
      '--quiet',
      '--no-lookups',
      '--no-notices',
      `--output=${out}`,
      '--context=brokers=b1:9092',
      '--context=outsideUrl=https://outside.example',
    ],
    {
      environment: {
        NODE_OPTIONS: `--import=${repository}/test/cdk/support/no-network.ts`,
        // Bundling goes through npm, which else asks whether it is the newest, and does not mind that nobody answers.
        npm_config_update_notifier: 'false',
      },
      scratch,
      signal,
    },
  )
  expect(said).not.toContain('no-network:')
  expect(said).not.toContain('fermata:ordersGoNowhere')
  const template = readFileSync(join(out, 'FermataOrders.template.json'), 'utf8')
  for (const type of ['AWS::ECS::Service', 'Custom::FermataDeployment']) {
    expect(template).toContain(type)
  }
  for (const path of [repository, scratch, tmpdir()]) expect(template).not.toContain(path)
})

it.each([
  ['no brokers', { outsideUrl: 'https://outside.example' }],
  ['no address of payments and mail', { brokers: 'b1:9092' }],
])('says that orders go nowhere when it is given %s', async (_what, context) => {
  const out = mkdtempSync(join(tmpdir(), 'fermata-synth-'))
  onTestFinished(() => rmSync(out, { recursive: true, force: true }))
  // What is said is in the assembly; functions are not bundled for it.
  const known = { ...context, 'aws:cdk:bundling-stacks': [] }
  await promisify(execFile)(process.execPath, ['--conditions=source', 'cdk/app.ts'], {
    cwd: repository,
    env: {
      PATH: processEnvironment.PATH,
      CDK_OUTDIR: out,
      CDK_CONTEXT_JSON: JSON.stringify(known),
    },
  })
  const assembly = readdirSync(out)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFileSync(join(out, name), 'utf8'))
    .join()
  expect(assembly).toContain('Custom::FermataDeployment')
  expect(assembly).toContain('Without -c brokers=… nothing is consumed')
})
