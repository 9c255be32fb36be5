import { Annotations, Aws, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import type { HttpApi as GatewayHttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { type DeployedNames, EVENTS } from '../functions/events.ts'
import { pascalCase } from '../functions/function-spec.ts'
import { CHECK_STAGES, EXPORT_STAGES, RESTORE_STAGES } from '../functions/stages.ts'
import { checkWorkflow } from '../functions/workflows/check.workflow.ts'
import { exportWorkflow } from '../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../functions/workflows/restore.workflow.ts'
import type { Arn, Definition, WorkflowOptions } from '../functions/workflows/states.ts'
import type { StageName } from '../shared/jobs/stage-names.ts'
import type { JobKind } from '../shared/jobs/workflow-engine.ts'
import { formatArchiveBuckets } from '../shared/runtime/config.ts'
import { acknowledge } from './acknowledge.ts'
import { Alarms } from './alarms.ts'
import { BackupFunction } from './backup-function.ts'
import { BackupWorkflow } from './backup-workflow.ts'
import type { BackupStores } from './backup-stores.ts'
import { EventRule } from './event-rule.ts'
import { type DeployedFunction, functionsOf, WORKERS } from './functions.ts'
import { grant } from './grants.ts'
import { HttpApi } from './http-api.ts'
import type { FunctionCode } from './function-code.ts'
import type { StoreNames } from './names.ts'
import { OperationsDashboard } from './operations-dashboard.ts'
import { ScheduledBackups } from './scheduled-backups.ts'
import { objectRetention, type Settings } from './settings.ts'
import { explainReservedConcurrency } from './reserved-concurrency.ts'
import { Signer } from './signer.ts'

type Workflows = Readonly<Record<JobKind, BackupWorkflow>>

interface BackupServiceProps {
  readonly settings: Settings
  readonly stores: BackupStores
  readonly code: FunctionCode
}

/** The functions, workflows, API, triggers and alarms. They contain no data, so they can be deleted and recreated. */
export class BackupService extends Construct {
  readonly api: GatewayHttpApi
  /** Receives the notifications of all alarms. */
  readonly alarmTopic: ITopic
  readonly #settings: Settings
  readonly #code: FunctionCode
  readonly #names: StoreNames
  readonly #specs: readonly DeployedFunction[]
  readonly #functions: ReadonlyMap<string, BackupFunction>
  readonly #deadLetters: Queue

  constructor(scope: Construct, id: string, { settings, stores, code }: BackupServiceProps) {
    super(scope, id)
    this.#settings = settings
    this.#code = code
    this.#names = stores.names
    this.#specs = functionsOf(settings.resource_routes)
    // The functions use tables and buckets by their names, which are no references to the stores.
    this.node.addDependency(stores)
    warnAboutOwners(this, settings)
    this.#deadLetters = this.#createDeadLetters()
    this.#functions = this.#createFunctions()
    explainReservedConcurrency(this, settings)
    const workflows = {
      export: this.#createWorkflow('export', EXPORT_STAGES, exportWorkflow),
      restore: this.#createWorkflow('restore', RESTORE_STAGES, restoreWorkflow),
      check: this.#createWorkflow('check', CHECK_STAGES, checkWorkflow),
    }
    this.#grantPermissions(workflows, stores.key)
    this.api = this.#createApi()
    this.#createTriggers(workflows)
    this.alarmTopic = this.#createMonitoring(workflows, this.api)
    new CfnOutput(this, 'RestoreBucketName', {
      value: this.#names.restores,
      description: 'Archives uploaded to this bucket are restored',
    })
    new CfnOutput(this, 'ArchiveBucketName', { value: this.#names.archives, description: 'Archives and reports' })
  }

  /** Creates the queue that keeps events that could not be handled, for two weeks. */
  #createDeadLetters(): Queue {
    const queue = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    acknowledge(queue, { 'AwsSolutions-SQS3': 'This queue is itself a dead-letter queue.' })
    return queue
  }

  #createFunctions(): Map<string, BackupFunction> {
    const { deployment, schedules_json, restore_from, upload_strategy, account_items, retention, copy_archives_to } =
      this.#settings
    const { reserved_concurrency } = this.#settings
    const { resources, jobs, blobs, archives, restores, work } = this.#names
    const environment = {
      DEPLOYMENT: deployment,
      RESOURCE_TABLE: resources,
      JOB_TABLE: jobs,
      BLOB_BUCKET: blobs,
      ARCHIVE_BUCKET: archives,
      RESTORE_BUCKET: restores,
      WORK_BUCKET: work,
      RESTORE_FROM: formatArchiveBuckets(restore_from),
      UPLOAD_STRATEGY: upload_strategy,
      ACCOUNT_ITEMS: account_items.toString(),
    }
    const objectDays = objectRetention(this.#settings)
    // Only the functions that read the schedules read the retention of other objects.
    const scheduleEnvironment = {
      ...environment,
      SCHEDULES: schedules_json,
      ...(copy_archives_to === undefined
        ? {}
        : { COPY_ARCHIVES_TO: Stack.of(this).toJsonString({ account: Aws.ACCOUNT_ID, ...copy_archives_to }) }),
      ...(Object.keys(objectDays).length === 0 ? {} : { RETENTION: JSON.stringify(objectDays) }),
    }
    const createFunction = (spec: DeployedFunction): BackupFunction =>
      new BackupFunction(this, pascalCase(spec.name), {
        spec,
        code: this.#code.of(spec.file),
        deployment,
        environment: spec.readsSchedules === true ? scheduleEnvironment : environment,
        logDays: retention.log_days,
        ...(reserved_concurrency !== undefined && WORKERS.includes(spec.name)
          ? { reservedConcurrency: reserved_concurrency }
          : {}),
        deadLetters: this.#deadLetters,
      })
    return new Map(this.#specs.map((spec) => [spec.name, createFunction(spec)]))
  }

  #functionOf(name: string): BackupFunction {
    const found = this.#functions.get(name)
    if (found === undefined) throw new Error(`the tables in functions/ contain no function ${name}`)
    return found
  }

  #createWorkflow<Stage extends StageName>(
    kind: JobKind,
    stages: readonly { readonly name: Stage }[],
    definition: (arn: Arn<Stage>, options: WorkflowOptions) => Definition,
  ): BackupWorkflow {
    return new BackupWorkflow(this, `${pascalCase(kind)}Workflow`, {
      name: `${this.#settings.deployment}-${kind}`,
      definition: definition((stage) => this.#functionOf(stage).currentVersion.functionArn, {
        maxConcurrency: this.#settings.max_concurrency,
      }),
      functions: stages.map(({ name }) => this.#functionOf(name)),
      logDays: this.#settings.retention.log_days,
    })
  }

  #grantPermissions(workflows: Workflows, key: IKey | undefined): void {
    const signing = this.#specs.filter(({ permissions }) => permissions.signsUrls === true)
    const [settings, names] = [this.#settings, this.#names]
    const signer = new Signer(this, 'Signer', { names, key, users: signing.map(({ name }) => this.#functionOf(name)) })
    for (const { name, permissions } of this.#specs)
      grant(this.#functionOf(name), permissions, { settings, names, key, workflows, signer })
  }

  #createApi(): GatewayHttpApi {
    const { deployment, resource_routes, throttle, retention } = this.#settings
    const { api } = new HttpApi(this, 'Http', {
      name: deployment,
      functionOf: (name) => this.#functionOf(name),
      resourceRoutes: resource_routes,
      throttle,
      logDays: retention.log_days,
    })
    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint, description: 'URL of the routes in functions/API.md' })
    return api
  }

  /** Creates an EventBridge rule or schedules for each row of the table of events. */
  #createTriggers(workflows: Workflows): void {
    const deployed: DeployedNames = {
      restoreBucket: this.#names.restores,
      stateMachineArns: Object.values(workflows).map(({ stateMachine }) => stateMachine.stateMachineArn),
    }
    const triggers = EVENTS.map(({ name, trigger }) => ({ name, trigger, handler: this.#functionOf(name) }))
    for (const { trigger, handler } of triggers)
      if (trigger.type === 'rule')
        new EventRule(this, trigger.id, {
          description: trigger.description,
          pattern: trigger.pattern(deployed),
          handler,
          deadLetters: this.#deadLetters,
        })
    const scheduled = triggers.find(({ trigger }) => trigger.type === 'schedule')
    if (scheduled === undefined) throw new Error('functions/events.ts has no row whose trigger is a schedule')
    const numbers = {
      schedules: this.#settings.schedules.length,
      retention: Object.keys(objectRetention(this.#settings)).length,
      copies: this.#settings.copy_archives_to === undefined ? 0 : 1,
    }
    new ScheduledBackups(this, 'Schedules', {
      deployment: this.#settings.deployment,
      schedules: this.#settings.schedules,
      start: scheduled.handler,
      housekeeping: triggers.flatMap(({ name, trigger, handler }) =>
        trigger.type === 'rate' && trigger.isNeeded(numbers)
          ? [{ id: pascalCase(name), every: Duration.hours(trigger.hours), handler }]
          : [],
      ),
      deadLetters: this.#deadLetters,
    })
  }

  #createMonitoring(workflows: Workflows, api: GatewayHttpApi): ITopic {
    const { deployment, schedules, alarm_email, copy_archives_to } = this.#settings
    const named = ({ name }: DeployedFunction) => ({ name, fn: this.#functionOf(name) })
    const isCalledDirectly = ({ kind }: DeployedFunction): boolean => kind === 'route' || kind === 'event'
    const { alarms, topic } = new Alarms(this, 'Alarms', {
      deployment,
      api,
      functions: this.#specs.map(named),
      watchedForErrors: this.#specs.filter(isCalledDirectly).map(named),
      deadLetters: this.#deadLetters,
      hasSchedules: schedules.length > 0,
      copiesArchives: schedules.length > 0 && copy_archives_to !== undefined,
      email: alarm_email,
    })
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn })
    new OperationsDashboard(this, 'Dashboard', {
      deployment,
      tables: { resources: this.#names.resources, jobs: this.#names.jobs },
      workflows: Object.values(workflows).map(({ stateMachine }) => stateMachine),
      alarms,
    })
    return topic
  }
}

/** Makes `cdk synth` warn about each bucket of `restore_from` whose owner is not checked. */
const warnAboutOwners = (construct: Construct, { restore_from }: Settings): void => {
  for (const { bucket, account } of restore_from)
    if (account === undefined)
      Annotations.of(construct).addWarningV2(
        `specstar:owner-of-${bucket}`,
        `restore_from: nothing checks who owns the bucket ${bucket}. If it is deleted, another account can create a ` +
          `bucket with this name. Replace the name by { "bucket": "${bucket}", "account": "…" }.`,
      )
}
