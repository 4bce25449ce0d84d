import { fileURLToPath } from 'node:url'
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import {
  type ISecurityGroup,
  type IVpc,
  SecurityGroup,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { requireBanner } from './discover-services.ts'
import { functionRole } from './function-role.ts'

export type RegistrarProps = {
  readonly vpc: IVpc
  readonly subnets: SubnetSelection | undefined
  /** Of its log group. */
  readonly encryptionKey: IKey | undefined
}

const sourceFile = import.meta.url.endsWith('.ts') ? 'handler.ts' : 'handler.js'

/**
 * The function behind the custom resources: it lives in the VPC, for the admin API is reached from there alone, and it
 * needs to reach CloudFormation's answers, which go to S3.
 */
export class Registrar extends Construct {
  readonly function: NodejsFunction
  readonly securityGroup: ISecurityGroup

  constructor(scope: Construct, id: string, { vpc, subnets, encryptionKey }: RegistrarProps) {
    super(scope, id)
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Registers functions and subscriptions with the orchestrator',
    })
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
    })
    this.function = new NodejsFunction(this, 'Function', {
      description: 'Registers functions and subscriptions with the Fermata orchestrator',
      entry: fileURLToPath(new URL(`./registrar/${sourceFile}`, import.meta.url)),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 256,
      // The longest there is: it waits for the service to start, and for functions to be of no use any more.
      timeout: Duration.minutes(15),
      // Lambda keeps what it has no room for. Late, it would undo what CloudFormation has done since it gave up.
      maxEventAge: Duration.minutes(15),
      logGroup,
      role: functionRole(this, 'Role', { logGroup, inVpc: true }),
      vpc,
      ...(subnets === undefined ? {} : { vpcSubnets: subnets }),
      securityGroups: [this.securityGroup],
      awsSdkConnectionReuse: false,
      bundling: {
        minify: true,
        keepNames: true,
        target: 'node24',
        format: OutputFormat.ESM,
        mainFields: ['module', 'main'],
        banner: requireBanner,
        // An emulator has no AWS client to offer.
        bundleAwsSDK: true,
      },
    })
  }
}
