import { Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'

/** What DynamoDB and S3 do with a key on behalf of whoever reads and writes. No wildcards. */
const actionsOf = {
  dynamodb: [
    'kms:Encrypt',
    'kms:Decrypt',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
    'kms:GenerateDataKey',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:DescribeKey',
  ],
  s3: ['kms:Decrypt', 'kms:GenerateDataKey'],
} as const

/** Leave to use a key through a service, and in no other way; none where there is no key. */
export function keyStatements(
  key: IKey | undefined,
  service: keyof typeof actionsOf,
  region: string,
): PolicyStatement[] {
  if (key === undefined) return []
  return [
    new PolicyStatement({
      actions: [...actionsOf[service]],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` } },
    }),
  ]
}

/**
 * Lets CloudWatch Logs of this account use the key. Answers whether that was possible: the policy of a key that was made
 * elsewhere cannot be changed from here.
 */
export function allowLogs(scope: Construct, key: IKey): boolean {
  const { region, partition, account } = Stack.of(scope)
  // Not the one log group: the key would wait for it, and it for the key.
  const logGroups = `arn:${partition}:logs:${region}:${account}:log-group:*`
  const { statementAdded } = key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: [
        'kms:Encrypt*',
        'kms:Decrypt*',
        'kms:ReEncrypt*',
        'kms:GenerateDataKey*',
        'kms:Describe*',
      ],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
    }),
  )
  return statementAdded
}
