import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { ArnPrincipal, CompositePrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Version } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { EXPORT_STAGES, exportWorkflow } from '../functions/export/export.workflow.ts'
import { RESTORE_STAGES, restoreWorkflow } from '../functions/restore/restore.workflow.ts'
import type { Definition } from '../functions/workflow/states.ts'
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts'
import { Alarms } from './alarms.ts'
import { BackupFunction } from './backup-function.ts'
import { BackupWorkflow } from './backup-workflow.ts'
import type { DataStack } from './data-stack.ts'
import { EventDoor, stoppedPattern, uploadPattern } from './event-door.ts'
import { FUNCTIONS } from './function-catalogue.ts'
import { HttpDoor } from './http-door.ts'
import { bucketArn, executionsArn, type StoreNames, storeNames, tableArn } from './names.ts'
import { OperationsDashboard } from './operations-dashboard.ts'
import { type Permissions, PERMISSIONS, type Workflow } from './permissions.ts'
import { ScheduledBackups } from './scheduled-backups.ts'
import type { Settings } from './settings.ts'

/** All that runs: it holds nothing that is not made again by deploying it anew. */
export class ServiceStack extends Stack {
  readonly #settings: Settings
  readonly #names: StoreNames
  readonly #key: IKey | undefined
  readonly #functions: Readonly<Record<string, BackupFunction>>

  constructor(scope: Construct, id: string, settings: Settings, data: DataStack, props: StackProps = {}) {
    super(scope, id, props)
    this.#settings = settings
    this.#names = storeNames(settings.deployment)
    this.#key = data.key
    this.addStackDependency(data, 'its stores are known by their names')
    const deadLetters = this.#deadLetters()
    this.#functions = this.#makeFunctions(deadLetters)
    const workflows = {
      export: this.#workflow('export', EXPORT_STAGES, exportWorkflow),
      restore: this.#workflow('restore', RESTORE_STAGES, restoreWorkflow),
    }
    const signer = this.#signer()
    for (const [name, own] of Object.entries(this.#functions)) this.#grant(own, permissionsOf(name), workflows, signer)

    const door = new HttpDoor(this, 'Http', {
      name: settings.deployment,
      functions: Object.fromEntries(
        FUNCTIONS.filter(({ kind }) => kind === 'route').map(({ name }) => [name, this.#function(name)]),
      ),
      resourceRoutes: settings.resource_routes,
      throttle: settings.throttle,
      logDays: settings.retention.log_days,
    })
    new EventDoor(this, 'Uploads', {
      description: 'An archive was put into the restore bucket',
      pattern: uploadPattern(this.#names.restores),
      handler: this.#function('upload'),
      deadLetters,
    })
    new EventDoor(this, 'StoppedJobs', {
      description: 'An execution was aborted, timed out or failed',
      pattern: stoppedPattern(Object.values(workflows).map(({ stateMachine }) => stateMachine.stateMachineArn)),
      handler: this.#function('end-stopped'),
      deadLetters,
    })
    new ScheduledBackups(this, 'Schedules', {
      deployment: settings.deployment,
      schedules: settings.schedules,
      start: this.#function('start-scheduled'),
      prune: this.#function('prune'),
      check: this.#function('check-schedules'),
      deadLetters,
    })
    const { alarms, topic } = new Alarms(this, 'Alarms', {
      deployment: settings.deployment,
      functions: Object.values(this.#functions),
      watched: FUNCTIONS.filter(({ kind }) => kind === 'route' || kind === 'event').map(({ name }) =>
        this.#function(name),
      ),
      deadLetters,
      hasSchedules: settings.schedules.length > 0,
      email: settings.alarm_email,
    })
    new OperationsDashboard(this, 'Dashboard', {
      deployment: settings.deployment,
      tables: { resources: this.#names.resources, jobs: this.#names.jobs },
      workflows: Object.values(workflows).map(({ stateMachine }) => stateMachine),
      alarms,
    })
    new CfnOutput(this, 'ApiUrl', { value: door.api.apiEndpoint, description: 'The routes of functions/API.md' })
    new CfnOutput(this, 'RestoreBucketName', {
      value: this.#names.restores,
      description: 'Archives put here are restored',
    })
    new CfnOutput(this, 'ArchiveBucketName', { value: this.#names.archives, description: 'Archives and reports' })
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn })
  }

  #function(name: string): BackupFunction {
    const own = this.#functions[name]
    if (own === undefined) throw new Error(`there is no function ${name}`)
    return own
  }

  #makeFunctions(deadLetters: Queue): Record<string, BackupFunction> {
    const { deployment, schedules_json, restore_from, upload_strategy } = this.#settings
    const { resources, jobs, blobs, archives, restores, work } = this.#names
    const environment = {
      DEPLOYMENT: deployment,
      RESOURCE_TABLE: resources,
      JOB_TABLE: jobs,
      BLOB_BUCKET: blobs,
      ARCHIVE_BUCKET: archives,
      RESTORE_BUCKET: restores,
      WORK_BUCKET: work,
      RESTORE_FROM: restore_from.join(','),
      UPLOAD_STRATEGY: upload_strategy,
    }
    const scheduled = ['start-scheduled', 'prune', 'check-schedules']
    return Object.fromEntries(
      FUNCTIONS.map((spec) => [
        spec.name,
        new BackupFunction(this, idOf(spec.name), {
          spec,
          deployment,
          deadLetters,
          environment: scheduled.includes(spec.name) ? { ...environment, SCHEDULES: schedules_json } : environment,
          logDays: this.#settings.retention.log_days,
        }),
      ]),
    )
  }

  #workflow<Stage extends string>(
    kind: Workflow,
    stages: readonly Stage[],
    definition: (arn: (stage: Stage) => string) => Definition,
  ): BackupWorkflow {
    return new BackupWorkflow(this, `${idOf(kind)}Workflow`, {
      name: `${this.#settings.deployment}-${kind}`,
      definition,
      versions: Object.fromEntries(
        stages.map((stage): [string, Version] => [stage, this.#function(stage).currentVersion]),
      ),
      logDays: this.#settings.retention.log_days,
    })
  }

  /** The role whose sessions sign URLs: each is narrowed to one key, of these prefixes at most. */
  #signer(): Role {
    const signing = Object.entries(this.#functions).filter(([name]) => permissionsOf(name).signs === true)
    const signer = new Role(this, 'Signer', {
      description: 'Signs URLs of archives and of upload slots',
      assumedBy: new CompositePrincipal(...signing.map(([, own]) => new ArnPrincipal(own.role?.roleArn ?? ''))),
      maxSessionDuration: Duration.hours(1),
    })
    const downloads = ['exports/*', 'scheduled/*', 'reports/*'].map((keys) => bucketArn(this.#names.archives, keys))
    const uploads = [bucketArn(this.#names.restores, '_slots/*')]
    signer.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject', 's3:GetObjectVersion'], resources: downloads }))
    signer.addToPolicy(new PolicyStatement({ actions: ['s3:PutObject'], resources: uploads }))
    if (this.#key !== undefined)
      signer.addToPolicy(new PolicyStatement({ actions: KEY_ACTIONS, resources: [this.#key.keyArn] }))
    acknowledgeWildcards(
      signer.node.findChild('DefaultPolicy'),
      [...downloads, ...uploads],
      'Each of its sessions is narrowed to one action on one key (shared/runtime/role-signer.ts).',
    )
    return signer
  }

  #grant(
    own: BackupFunction,
    permissions: Permissions,
    workflows: Readonly<Record<Workflow, BackupWorkflow>>,
    signer: Role,
  ): void {
    const names = this.#names
    for (const table of ['resources', 'jobs'] as const) {
      const actions = permissions[table]
      if (actions !== undefined) own.allow(prefixed('dynamodb', actions), [tableArn(names[table])])
    }
    for (const bucket of ['blobs', 'archives', 'restores', 'work'] as const)
      for (const { actions, keys } of permissions[bucket] ?? []) {
        const onKeys = actions.filter((action) => action !== 'ListBucket')
        const objects = keys.map((prefix) => bucketArn(names[bucket], prefix))
        if (onKeys.length > 0)
          own.allow(prefixed('s3', onKeys), objects, 'Objects are named by jobs, file ids and callers.')
        if (onKeys.length < actions.length) own.allow(['s3:ListBucket'], [bucketArn(names[bucket])])
      }
    if (permissions.foreign === true) this.#grantForeign(own)
    const { start = [], stop = [] } = permissions
    const machineOf = (kind: Workflow): string => workflows[kind].stateMachine.stateMachineArn
    for (const kind of start) own.allow(['states:StartExecution'], [machineOf(kind)])
    for (const kind of stop)
      own.allow(
        ['states:StopExecution'],
        [executionsArn(`${this.#settings.deployment}-${kind}`)],
        'Executions are named by their jobs.',
      )
    for (const kind of new Set([...start, ...stop]))
      own.addEnvironment(`${kind.toUpperCase()}_WORKFLOW_ARN`, machineOf(kind))
    if (permissions.tells === true)
      own.allow(['events:PutEvents'], [`arn:${this.partition}:events:${this.region}:${this.account}:event-bus/default`])
    if (permissions.signs === true) {
      own.allow(['sts:AssumeRole'], [signer.roleArn])
      own.addEnvironment('SIGNER_ROLE_ARN', signer.roleArn)
    }
    const touchesData = STORES.some((store) => permissions[store] !== undefined)
    if (this.#key !== undefined && touchesData) own.allow(KEY_ACTIONS, [this.#key.keyArn])
  }

  /** Archives of other buckets, under whatever keys of theirs. */
  #grantForeign(own: BackupFunction): void {
    const { restore_from } = this.#settings
    if (restore_from.length === 0) return
    const why = 'The settings let archives of these buckets be restored.'
    const objects = restore_from.map((name) => bucketArn(name, '*'))
    own.allow(['s3:GetObject', 's3:GetObjectVersion'], objects, why)
    own.allow(
      ['s3:ListBucket'],
      restore_from.map((name) => bucketArn(name)),
    )
    own.allow(['kms:Decrypt'], ['*'], `${why} Their keys are not known, and allow it themselves or not.`, {
      StringEquals: { 'kms:ViaService': `s3.${this.region}.amazonaws.com` },
    })
  }

  /** Events that were given up wait here for two weeks, for somebody to look at them. */
  #deadLetters(): Queue {
    const queue = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    acknowledge(queue, { 'AwsSolutions-SQS3': 'It is the queue of dead letters.' })
    return queue
  }
}

/** S3 wants the first two, DynamoDB all. */
const KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:GenerateDataKey',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
]
const STORES = ['resources', 'jobs', 'blobs', 'archives', 'restores', 'work'] as const

const prefixed = (service: string, actions: readonly string[]): string[] =>
  actions.map((action) => `${service}:${action}`)

const permissionsOf = (name: string): Permissions => {
  const permissions = PERMISSIONS[name]
  if (permissions === undefined) throw new Error(`nothing says what the function ${name} may do`)
  return permissions
}

/** `export-records` → `ExportRecords`. */
const idOf = (name: string): string =>
  name
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')
