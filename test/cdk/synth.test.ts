/** `cdk synth` of the app, as a user calls it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
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
  const template = readFileSync(join(out, 'FermataOrders.template.json'), 'utf8')
  for (const type of ['AWS::ECS::Service', 'Custom::FermataDeployment']) {
    expect(template).toContain(type)
  }
  for (const path of [repository, scratch, tmpdir()]) expect(template).not.toContain(path)
})
