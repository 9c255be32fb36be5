import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Version } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { EXPORT_STAGES, exportWorkflow } from '../functions/workflows/export.workflow.ts'
import { RESTORE_STAGES, restoreWorkflow } from '../functions/workflows/restore.workflow.ts'
import type { Definition } from '../functions/workflows/states.ts'
import { acknowledge } from './acknowledge.ts'
import { Alarms } from './alarms.ts'
import { BackupFunction } from './backup-function.ts'
import { BackupWorkflow } from './backup-workflow.ts'
import type { DataStack } from './data-stack.ts'
import { EventDoor, stoppedPattern, uploadPattern } from './event-door.ts'
import { type FunctionSpec, functionsOf } from './function-catalogue.ts'
import { grant } from './grants.ts'
import { HttpDoor } from './http-door.ts'
import { type StoreNames, storeNames } from './names.ts'
import { OperationsDashboard } from './operations-dashboard.ts'
import { type Permissions, PERMISSIONS, type Workflow } from './permissions.ts'
import { ScheduledBackups } from './scheduled-backups.ts'
import type { Settings } from './settings.ts'
import { Signer } from './signer.ts'

type Workflows = Readonly<Record<Workflow, BackupWorkflow>>

/** All that runs: it holds nothing that is not made again by deploying it anew. */
export class ServiceStack extends Stack {
  readonly #settings: Settings
  readonly #names: StoreNames
  readonly #specs: readonly FunctionSpec[]
  readonly #functions: Readonly<Record<string, BackupFunction>>

  constructor(scope: Construct, id: string, settings: Settings, data: DataStack, props: StackProps = {}) {
    super(scope, id, props)
    this.#settings = settings
    this.#names = storeNames(settings.deployment)
    this.#specs = functionsOf(settings.resource_routes)
    this.addStackDependency(data, 'its stores are known by their names')
    const deadLetters = this.#deadLetters()
    this.#functions = this.#makeFunctions(deadLetters)
    const workflows = {
      export: this.#workflow('export', EXPORT_STAGES, exportWorkflow),
      restore: this.#workflow('restore', RESTORE_STAGES, restoreWorkflow),
    }
    this.#grantAll(workflows, data.key)
    this.#doors(workflows, deadLetters)
    this.#operations(workflows, deadLetters)
    new CfnOutput(this, 'RestoreBucketName', {
      value: this.#names.restores,
      description: 'Archives put here are restored',
    })
    new CfnOutput(this, 'ArchiveBucketName', { value: this.#names.archives, description: 'Archives and reports' })
  }

  #grantAll(workflows: Workflows, key: IKey | undefined): void {
    const functions = Object.entries(this.#functions).map(([name, own]) => [own, permissionsOf(name)] as const)
    const signing = functions.filter(([, { signs }]) => signs === true).map(([own]) => own)
    const [settings, names] = [this.#settings, this.#names]
    const signer = new Signer(this, 'Signer', { names, key, signing })
    for (const [own, permissions] of functions) grant(own, permissions, { settings, names, key, workflows, signer })
  }

  /** How callers, uploads, stopped executions and schedules come in. */
  #doors(workflows: Workflows, deadLetters: Queue): void {
    const { deployment, schedules, resource_routes, throttle, retention } = this.#settings
    const { api } = new HttpDoor(this, 'Http', {
      name: deployment,
      functions: Object.fromEntries(
        this.#specs.filter(({ kind }) => kind === 'route').map(({ name }) => [name, this.#function(name)]),
      ),
      resourceRoutes: resource_routes,
      throttle,
      logDays: retention.log_days,
    })
    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint, description: 'The routes of functions/API.md' })
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
      deployment,
      schedules,
      start: this.#function('start-scheduled'),
      prune: this.#function('prune'),
      check: this.#function('check-schedules'),
      deadLetters,
    })
  }

  #operations(workflows: Workflows, deadLetters: Queue): void {
    const { deployment, schedules, alarm_email } = this.#settings
    const isWatched = ({ kind }: FunctionSpec): boolean => kind === 'route' || kind === 'event'
    const { alarms, topic } = new Alarms(this, 'Alarms', {
      deployment,
      functions: Object.values(this.#functions),
      watched: this.#specs.filter(isWatched).map(({ name }) => this.#function(name)),
      deadLetters,
      hasSchedules: schedules.length > 0,
      email: alarm_email,
    })
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn })
    new OperationsDashboard(this, 'Dashboard', {
      deployment,
      tables: { resources: this.#names.resources, jobs: this.#names.jobs },
      workflows: Object.values(workflows).map(({ stateMachine }) => stateMachine),
      alarms,
    })
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
      this.#specs.map((spec) => [
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
