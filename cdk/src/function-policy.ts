import type { ITable, ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Effect, Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { keyStatements } from './encryption.ts'

/** Where large values go. */
export interface BlobsLocation {
  /** Where a key of yours encrypts it, whoever may use the bucket is let to use the key. */
  readonly bucket: IBucket
  /** @default none */
  readonly prefix?: string
}

/** Where an orchestrator and its functions keep what they have to remember. */
export type Storage = {
  readonly table: ITable | ITableV2
  /** Of the table. */
  readonly tableKey: IKey | undefined
  readonly blobs: BlobsLocation | undefined
}

/** All that a function does by itself with what is stored. */
export function functionStatements(
  { table, tableKey, blobs }: Storage,
  services: readonly string[],
): PolicyStatement[] {
  return [
    ...journalStatements(table, services),
    ...keyStatements(tableKey, 'dynamodb', table.env.region),
    ...(blobs === undefined ? [] : blobStatements(blobs, services)),
  ]
}

/**
 * What a function does to the table by itself: it appends to journals of its own services and reads them, and it reads
 * large values of the state of its own objects. The partition key begins with the service, so IAM can tell.
 */
function journalStatements(
  table: ITable | ITableV2,
  services: readonly string[],
): PolicyStatement[] {
  const { tableArn } = table
  return [
    leadingKeys(['dynamodb:PutItem', 'dynamodb:Query'], tableArn, 'J', services),
    leadingKeys(['dynamodb:Query'], tableArn, 'O', services),
  ]
}

function leadingKeys(
  actions: string[],
  tableArn: string,
  family: string,
  services: readonly string[],
): PolicyStatement {
  const keys = services.map((service) => `${family}#${service}#*`)
  return new PolicyStatement({
    effect: Effect.ALLOW,
    actions,
    resources: [tableArn],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys },
      // For all values of none would be true as well.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  })
}

/** Blobs: a function reads what others have stored, and stores what its own services journal and keep. */
function blobStatements(
  { bucket, prefix = '' }: BlobsLocation,
  services: readonly string[],
): PolicyStatement[] {
  const own = services.flatMap((service) => [
    bucket.arnForObjects(`${prefix}journal/${service}/*`),
    bucket.arnForObjects(`${prefix}state/${service}/*`),
  ])
  return [
    new PolicyStatement({ actions: ['s3:PutObject'], resources: own }),
    new PolicyStatement({
      actions: ['s3:GetObject'],
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

/** Gives all of it, and tells what a resource must wait for that needs it. */
export function grantAll(grantee: IGrantable, statements: readonly PolicyStatement[]): Grant {
  return statements
    .map(({ actions, resources, conditions }) =>
      Grant.addToPrincipal({ grantee, actions, resourceArns: resources, conditions }),
    )
    .reduce((all, grant) => all.combine(grant))
}
