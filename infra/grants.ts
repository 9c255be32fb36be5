import { Aws } from 'aws-cdk-lib'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Permissions } from '../functions/permissions.ts'
import type { JobKind } from '../shared/jobs/workflow-engine.ts'
import type { BackupFunction } from './backup-function.ts'
import type { BackupWorkflow } from './backup-workflow.ts'
import { bucketArn, executionsArn, stateMachineArn, type StoreNames, tableArn } from './names.ts'
import { RETENTION_GROUPS, RETENTION_LOCATIONS } from '../shared/schedules/retention.ts'
import { objectRetention, type Settings } from './settings.ts'

/** The deployed resources to which permissions refer. */
interface GrantTargets {
  readonly settings: Settings
  readonly names: StoreNames
  readonly key: IKey | undefined
  readonly workflows: Readonly<Record<JobKind, BackupWorkflow>>
  readonly signer: IRole
}

/** The actions on the KMS key of the deployment. S3 requires the first two actions. DynamoDB requires all of them. */
export const KEY_ACTIONS: readonly string[] = [
  'kms:Decrypt',
  'kms:GenerateDataKey',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
]

const STORES = ['resources', 'jobs', 'blobs', 'archives', 'restores', 'work'] as const

/**
 * Adds the permissions of a function to its role. Adds the ARNs of the signer role and of workflows to its environment.
 */
export const grant = (fn: BackupFunction, permissions: Permissions, targets: GrantTargets): void => {
  grantTables(fn, permissions, targets)
  grantBuckets(fn, permissions, targets)
  if (permissions.readsOtherBuckets === true) grantOtherBuckets(fn, targets)
  if (permissions.copiesArchives === true) grantCopies(fn, targets)
  grantExpiredObjects(fn, permissions, targets)
  grantStoreChecks(fn, permissions, targets)
  if (targets.key !== undefined && STORES.some((store) => permissions[store] !== undefined))
    fn.allow(KEY_ACTIONS, [targets.key.keyArn])
  grantWorkflows(fn, permissions, targets)
  if (permissions.publishesEvents === true)
    fn.allow(['events:PutEvents'], [`arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:event-bus/default`])
  if (permissions.signsUrls === true) {
    fn.allow(['sts:AssumeRole'], [targets.signer.roleArn])
    fn.addEnvironment('SIGNER_ROLE_ARN', targets.signer.roleArn)
  }
}

const prefixed = (service: string, actions: readonly string[]): string[] =>
  actions.map((action) => `${service}:${action}`)

const grantTables = (fn: BackupFunction, permissions: Permissions, { names }: GrantTargets): void => {
  for (const table of ['resources', 'jobs'] as const) {
    const actions = permissions[table]
    if (actions !== undefined) fn.allow(prefixed('dynamodb', actions), [tableArn(names[table])])
  }
}

const grantBuckets = (fn: BackupFunction, permissions: Permissions, { names }: GrantTargets): void => {
  for (const bucket of ['blobs', 'archives', 'restores', 'work'] as const)
    for (const { actions, keys } of permissions[bucket] ?? []) {
      const onKeys = actions.filter((action) => action !== 'ListBucket')
      const objects = keys.map((prefix) => bucketArn(names[bucket], prefix))
      if (onKeys.length > 0)
        fn.allow(
          prefixed('s3', onKeys),
          objects,
          'The keys of objects contain job ids, file ids and names chosen by callers.',
        )
      if (onKeys.length < actions.length) fn.allow(['s3:ListBucket'], [bucketArn(names[bucket])])
    }
}

/** The actions for planning deletions. For a locked object, they return the end of its lock. */
const PLANNING_ACTIONS = ['s3:GetObject', 's3:GetObjectRetention']

/**
 * Allows a function to list the objects of each group for which the setting `retention` contains a number of days. If
 * `expiredObjects` is `delete`, also allows the function to delete them.
 */
const grantExpiredObjects = (
  fn: BackupFunction,
  { expiredObjects }: Permissions,
  { names, settings }: GrantTargets,
): void => {
  if (expiredObjects === undefined) return
  const days = objectRetention(settings)
  for (const group of RETENTION_GROUPS) {
    if (days[group] === undefined) continue
    const { bucket, prefix } = RETENTION_LOCATIONS[group]
    const onKeys = [...PLANNING_ACTIONS, ...(expiredObjects === 'delete' ? ['s3:DeleteObject'] : [])]
    fn.allow(['s3:ListBucket'], [bucketArn(names[bucket])])
    fn.allow(
      onKeys,
      [bucketArn(names[bucket], `${prefix}*`)],
      'The keys of objects contain job ids and names chosen by callers.',
    )
  }
}

/**
 * Allows a function to read the settings of the stores that it checks, if the setting `existing` names them. Adds the
 * list of these stores to its environment.
 */
const grantStoreChecks = (
  fn: BackupFunction,
  { checksStores = [] }: Permissions,
  { names, settings: { existing } }: GrantTargets,
): void => {
  const stores = checksStores.filter((store) => existing[store] !== undefined)
  if (stores.length === 0) return
  fn.addEnvironment('EXISTING_STORES', stores.join(','))
  if (stores.includes('resource_table')) fn.allow(['dynamodb:DescribeTable'], [tableArn(names.resources)])
  if (stores.includes('blob_bucket')) fn.allow(['s3:GetBucketVersioning'], [bucketArn(names.blobs)])
  if (stores.includes('restore_bucket'))
    fn.allow(['s3:GetBucketVersioning', 's3:GetBucketNotification'], [bucketArn(names.restores)])
}

/** Allows a function to read every key of the buckets in the setting `restore_from`. */
const grantOtherBuckets = (fn: BackupFunction, { settings: { restore_from } }: GrantTargets): void => {
  if (restore_from.length === 0) return
  const reason = 'The setting restore_from allows restores of archives in these buckets.'
  const objects = restore_from.map(({ bucket }) => bucketArn(bucket, '*'))
  const buckets = restore_from.map(({ bucket }) => bucketArn(bucket))
  fn.allow(['s3:GetObject', 's3:GetObjectVersion'], objects, reason)
  fn.allow(['s3:ListBucket'], buckets)
  fn.allow(['kms:Decrypt'], ['*'], `${reason} Their KMS keys are unknown; the policy of each key must allow it.`, {
    StringEquals: { 'kms:ViaService': s3Names(Aws.REGION) },
  })
}

/** Allows a function to write and read the copies of archives, if the setting `copy_archives_to` is set. */
const grantCopies = (
  fn: BackupFunction,
  { settings: { deployment, copy_archives_to: target } }: GrantTargets,
): void => {
  if (target === undefined) return
  const reason =
    'The setting copy_archives_to names the bucket of the copies. Their keys contain the names of archives.'
  const copies = bucketArn(target.bucket, `${deployment}/${Aws.REGION}/scheduled/*`)
  fn.allow(['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:GetObject'], [copies], reason)
  fn.allow(['s3:ListBucket'], [bucketArn(target.bucket)])
  const viaS3 = { StringEquals: { 'kms:ViaService': s3Names(target.region ?? Aws.REGION) } }
  fn.allow(['kms:Decrypt', 'kms:GenerateDataKey'], ['*'], `${reason} The policy of its KMS key must allow it.`, viaS3)
}

/**
 * Returns the names of S3 in a region for the condition `kms:ViaService`. In China, host names of AWS end in
 * `amazonaws.com.cn`. The documents of KMS do not say which ending the condition has there, so both are allowed.
 */
const s3Names = (region: string): string[] => ['amazonaws.com', Aws.URL_SUFFIX].map((end) => `s3.${region}.${end}`)

const grantWorkflows = (
  fn: BackupFunction,
  { startsWorkflows = [], stopsWorkflows = [], readsWorkflows = [] }: Permissions,
  { settings, workflows }: GrantTargets,
): void => {
  const nameOf = (kind: JobKind): string => `${settings.deployment}-${kind}`
  const arnOf = (kind: JobKind): string => workflows[kind].stateMachine.stateMachineArn
  const allowOnExecutions = (action: string, kind: JobKind): void => {
    fn.allow([action], [executionsArn(nameOf(kind))], 'The name of an execution is a job id.')
  }
  const addArn = (kind: JobKind, arn: string): void => {
    fn.addEnvironment(`${kind.toUpperCase()}_WORKFLOW_ARN`, arn)
  }
  for (const kind of startsWorkflows) fn.allow(['states:StartExecution'], [arnOf(kind)])
  for (const kind of stopsWorkflows) allowOnExecutions('states:StopExecution', kind)
  for (const kind of new Set([...startsWorkflows, ...stopsWorkflows])) addArn(kind, arnOf(kind))
  for (const kind of readsWorkflows) {
    allowOnExecutions('states:DescribeExecution', kind)
    // Stages read workflows, and the state machine depends on its stages, so they cannot refer to it.
    addArn(kind, stateMachineArn(nameOf(kind)))
  }
}
