import type { ITable, ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { keyStatements } from './encryption.ts'
import type { BlobsLocation, Storage } from './function-policy.ts'

/** All that the orchestrator does with what is stored. */
export function storageStatements({ table, tableKey, blobs }: Storage): PolicyStatement[] {
  return [
    ...tableStatements(table),
    ...keyStatements(tableKey, 'dynamodb', table.env.region),
    ...(blobs === undefined ? [] : blobStatements(blobs)),
  ]
}

/** All that the orchestrator does to its table: single items, queries, batches of inserts; never a scan. */
function tableStatements(table: ITable | ITableV2): PolicyStatement[] {
  return [
    new PolicyStatement({
      sid: 'Table',
      actions: [
        'dynamodb:GetItem',
        'dynamodb:Query',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:PartiQLInsert',
        'dynamodb:PartiQLSelect',
        'dynamodb:DescribeTable',
        'dynamodb:DescribeTimeToLive',
      ],
      resources: [table.tableArn],
    }),
  ]
}

/** Every version of one function: what was begun on an older one ends there. Not the function's `$LATEST`. */
export function invokeStatement(fn: Pick<IFunction, 'functionArn'>): PolicyStatement {
  return new PolicyStatement({
    actions: ['lambda:InvokeFunction'],
    resources: [`${fn.functionArn}:*`],
  })
}

/** Blobs: all of them, for the orchestrator takes values in and gives them out. */
function blobStatements({ bucket, prefix = '' }: BlobsLocation): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: [bucket.arnForObjects(`${prefix}*`)],
    }),
    new PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket.bucketArn],
      ...(prefix === '' ? {} : { conditions: { StringLike: { 's3:prefix': `${prefix}*` } } }),
    }),
    ...keyStatements(bucket.encryptionKey, 's3', bucket.env.region),
  ]
}
