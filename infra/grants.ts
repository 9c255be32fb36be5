import { Aws } from 'aws-cdk-lib'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { BackupFunction } from './backup-function.ts'
import type { BackupWorkflow } from './backup-workflow.ts'
import { bucketArn, executionsArn, type StoreNames, tableArn } from './names.ts'
import { KEY_ACTIONS, type Permissions, type Workflow } from './permissions.ts'
import type { Settings } from './settings.ts'

/** What permissions are granted on. */
export interface Granted {
  readonly settings: Settings
  readonly names: StoreNames
  readonly key: IKey | undefined
  readonly workflows: Readonly<Record<Workflow, BackupWorkflow>>
  readonly signer: IRole
}

const STORES = ['resources', 'jobs', 'blobs', 'archives', 'restores', 'work'] as const

/** Lets a function do what its permissions say, and tells it where. */
export const grant = (own: BackupFunction, permissions: Permissions, granted: Granted): void => {
  grantTables(own, permissions, granted)
  grantBuckets(own, permissions, granted)
  if (permissions.foreign === true) grantForeign(own, granted)
  if (granted.key !== undefined && STORES.some((store) => permissions[store] !== undefined))
    own.allow(KEY_ACTIONS, [granted.key.keyArn])
  grantWorkflows(own, permissions, granted)
  if (permissions.tells === true)
    own.allow(['events:PutEvents'], [`arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:event-bus/default`])
  if (permissions.signs === true) {
    own.allow(['sts:AssumeRole'], [granted.signer.roleArn])
    own.addEnvironment('SIGNER_ROLE_ARN', granted.signer.roleArn)
  }
}

const prefixed = (service: string, actions: readonly string[]): string[] =>
  actions.map((action) => `${service}:${action}`)

const grantTables = (own: BackupFunction, permissions: Permissions, { names }: Granted): void => {
  for (const table of ['resources', 'jobs'] as const) {
    const actions = permissions[table]
    if (actions !== undefined) own.allow(prefixed('dynamodb', actions), [tableArn(names[table])])
  }
}

const grantBuckets = (own: BackupFunction, permissions: Permissions, { names }: Granted): void => {
  for (const bucket of ['blobs', 'archives', 'restores', 'work'] as const)
    for (const { actions, keys } of permissions[bucket] ?? []) {
      const onKeys = actions.filter((action) => action !== 'ListBucket')
      const objects = keys.map((prefix) => bucketArn(names[bucket], prefix))
      if (onKeys.length > 0)
        own.allow(prefixed('s3', onKeys), objects, 'Objects are named by jobs, file ids and callers.')
      if (onKeys.length < actions.length) own.allow(['s3:ListBucket'], [bucketArn(names[bucket])])
    }
}

/** Archives of other buckets, under whatever keys of theirs. */
const grantForeign = (own: BackupFunction, { settings: { restore_from } }: Granted): void => {
  if (restore_from.length === 0) return
  const why = 'The settings let archives of these buckets be restored.'
  const objects = restore_from.map((name) => bucketArn(name, '*'))
  const buckets = restore_from.map((name) => bucketArn(name))
  own.allow(['s3:GetObject', 's3:GetObjectVersion'], objects, why)
  own.allow(['s3:ListBucket'], buckets)
  own.allow(['kms:Decrypt'], ['*'], `${why} Their keys are not known, and allow it themselves or not.`, {
    StringEquals: { 'kms:ViaService': `s3.${Aws.REGION}.amazonaws.com` },
  })
}

const grantWorkflows = (
  own: BackupFunction,
  { start = [], stop = [] }: Permissions,
  { settings, workflows }: Granted,
): void => {
  const arnOf = (kind: Workflow): string => workflows[kind].stateMachine.stateMachineArn
  for (const kind of start) own.allow(['states:StartExecution'], [arnOf(kind)])
  for (const kind of stop)
    own.allow(
      ['states:StopExecution'],
      [executionsArn(`${settings.deployment}-${kind}`)],
      'Executions are named by their jobs.',
    )
  for (const kind of new Set([...start, ...stop])) own.addEnvironment(`${kind.toUpperCase()}_WORKFLOW_ARN`, arnOf(kind))
}
