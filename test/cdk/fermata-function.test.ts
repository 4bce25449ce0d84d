import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Annotations, Match } from 'aws-cdk-lib/assertions'
import { Architecture } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { describe, expect, it, type TestContext } from 'vitest'
import {
  checks,
  functionIn,
  newStack,
  propertiesOf,
  scene,
  warningsOf,
} from './support/synthesis.ts'

type Project = {
  readonly entry: string
  readonly projectRoot: string
  readonly depsLockFilePath: string
}

/** Somebody's project, with one file of handlers. */
function projectOf({ onTestFinished }: Pick<TestContext, 'onTestFinished'>, code: string): Project {
  const projectRoot = mkdtempSync(join(tmpdir(), 'fermata-handlers-'))
  onTestFinished(() => rmSync(projectRoot, { recursive: true, force: true }))
  const entry = join(projectRoot, 'handlers.ts')
  writeFileSync(entry, code)
  const depsLockFilePath = join(projectRoot, 'package-lock.json')
  writeFileSync(depsLockFilePath, '{}')
  return { entry, projectRoot, depsLockFilePath }
}

/** `name`: an expression. */
const serves = (name: string) => `
  const handlers = [{ name: 'buy', mode: 'stateless' }]
  export const orders = async () => ({
    protocol: 1,
    kind: 'manifest',
    sdk: 'none',
    services: [{ name: ${name}, kind: 'service', handlers }],
  })`

describe('a function', () => {
  it('may take its time, on the newest Node, with a log of its own, and reads nothing but that', () => {
    const stack = newStack()
    functionIn(stack)
    checks(stack).hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 512,
      Timeout: 900,
      FunctionName: Match.absent(),
      LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('^ShopLogs') } },
    })
    checks(stack).hasResource('AWS::Logs::LogGroup', {
      DeletionPolicy: 'Delete',
      Properties: { RetentionInDays: 30 },
    })
    checks(stack).hasResourceProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() })
    expect(warningsOf(stack)).toEqual([])
  })

  it('takes what a NodejsFunction takes instead', () => {
    const stack = newStack()
    functionIn(stack, 'Shop', {
      memorySize: 1024,
      timeout: Duration.minutes(1),
      architecture: Architecture.X86_64,
      environment: { OUTSIDE_URL: 'https://outside.example' },
      logGroup: LogGroup.fromLogGroupName(stack, 'Logs', 'shop'),
    })
    checks(stack).hasResourceProperties('AWS::Lambda::Function', {
      Architectures: ['x86_64'],
      MemorySize: 1024,
      Timeout: 60,
      Environment: { Variables: { OUTSIDE_URL: 'https://outside.example' } },
      LoggingConfig: { LogGroup: 'shop' },
    })
    checks(stack).resourceCountIs('AWS::Logs::LogGroup', 0)
  })

  it('in a VPC may have network interfaces', () => {
    const { stack, vpc } = scene()
    functionIn(stack, 'Shop', { vpc })
    const actions = propertiesOf(stack, 'AWS::IAM::Policy')
      .filter(({ Roles }) => JSON.stringify(Roles).includes('ShopRole'))
      .flatMap(({ PolicyDocument }) => JSON.stringify(PolicyDocument))
      .join()
    expect(actions).toContain('ec2:CreateNetworkInterface')
  })

  it('is warned of where it could never end, be registered, or be gone back to', () => {
    const stack = newStack()
    functionIn(stack, 'Shop', {
      timeout: Duration.seconds(3),
      reservedConcurrentExecutions: 0,
      currentVersionOptions: { removalPolicy: RemovalPolicy.DESTROY },
    })
    expect(warningsOf(stack).toSorted()).toEqual([
      'noConcurrency',
      'shortTimeout',
      'versionsRemoved',
    ])
  })
})

describe('what a function serves', () => {
  const ask = (context: Pick<TestContext, 'onTestFinished'>, code: string) => {
    const stack = newStack()
    const found = functionIn(stack, 'Shop', {
      ...projectOf(context, code),
      handler: 'orders',
      services: undefined,
      environment: { NAME: 'shop' },
    })
    const [error] = Annotations.fromStack(stack).findError('*', Match.anyValue())
    return { services: found.services, error: String(error?.entry.data) }
  }

  it('is asked of its bundle, by the export that Lambda calls', ({ onTestFinished }) => {
    expect(ask({ onTestFinished }, serves("'shop'")).services).toEqual(['shop'])
  })

  it('is asked with its environment, and with nothing of who deploys', ({ onTestFinished }) => {
    const names = ['NAME', 'HOME', 'AWS_SECRET_ACCESS_KEY']
    const name = `${JSON.stringify(names)}.map((one) => process.env[one]).map(String).join('_')`
    expect(ask({ onTestFinished }, serves(name)).services).toEqual(['shop_undefined_undefined'])
  })

  it.for([
    ['throws when it is loaded', "throw new Error('no database')", /no database/],
    ['has no such export', 'export const other = 1', /"orders", or say `services`/],
    ['cannot be bundled', "import 'nowhere'", /Could not resolve "nowhere"/],
    ['answers something else', 'export const orders = async () => 1', /could not be found out/],
  ] as const)('is an error of synthesis where the code %s', ([, code, message], context) => {
    const { services, error } = ask(context, code)
    expect(services).toEqual([])
    expect(error).toMatch(message)
  })
})
