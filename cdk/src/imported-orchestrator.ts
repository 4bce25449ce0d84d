import type { ITable, ITableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { type Construct, DependencyGroup } from 'constructs'
import type { BlobsLocation } from './function-policy.ts'
import { OrchestratorBase } from './orchestrator-base.ts'
import type { Site } from './registering.ts'

/** What has to be known of an orchestrator that another app has deployed: the properties of its construct. */
export interface OrchestratorAttributes {
  /** `orchestrator.table` */
  readonly table: ITable | ITableV2
  /** `orchestrator.adminUrl` */
  readonly adminUrl: string
  /** `orchestrator.taskRole`: it is let to invoke what is registered. */
  readonly taskRole: IRole
  /** `orchestrator.registrar`, with its role: `Function.fromFunctionAttributes`. */
  readonly registrar: IFunction
  /** That of the table. @default the key of the table, where it is known */
  readonly encryptionKey?: IKey
  /** Where values go that are too large for the table. @default nowhere */
  readonly blobs?: BlobsLocation
  /** Its Kafka clusters, by name; with `iamClusterArn` those of MSK that know it by its role. @default none */
  readonly kafka?: Readonly<Record<string, { readonly iamClusterArn?: string }>>
}

/** Made by `Orchestrator.fromOrchestratorAttributes`. */
export class ImportedOrchestrator extends OrchestratorBase {
  readonly table: ITable | ITableV2
  readonly taskRole: IRole
  readonly adminUrl: string
  readonly registrar: IFunction
  /** @internal */
  protected readonly _site: Site

  constructor(scope: Construct, id: string, attributes: OrchestratorAttributes) {
    super(scope, id)
    const { table, taskRole, adminUrl, registrar, encryptionKey, blobs, kafka = {} } = attributes
    this.table = table
    this.taskRole = taskRole
    this.adminUrl = adminUrl
    this.registrar = registrar
    const storage = { table, tableKey: encryptionKey ?? table.encryptionKey, blobs }
    const ready = new DependencyGroup()
    this._site = { orchestrator: this, registrar, adminUrl, ready, taskRole, storage, kafka }
  }
}
