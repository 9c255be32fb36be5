import { Stack, Token } from 'aws-cdk-lib'
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { BackupService } from './backup-service.ts'
import { BackupStores } from './backup-stores.ts'
import { FunctionCode, type WriteBundle } from './function-code.ts'
import type { StoreNames } from './names.ts'
import { ownTargetFaults } from './copy-target.ts'
import { checkSameDeployment } from './same-deployment.ts'
import { writePackedBundle } from './packed-bundles.ts'
import { readModels, readSettingsFile } from './input-files.ts'
import type { InputFile, SettingsInput } from './settings-input.ts'
import { type Settings, SettingsError } from './settings.ts'

export interface SpecStarBackupProps {
  /** The registered models. `shared/resources/STORE.md` describes the file. */
  readonly models: InputFile
  /** The settings. `infra/RUNBOOK.md` describes each of them. */
  readonly settings: InputFile<SettingsInput>
  /**
   * The stack or construct in which the tables, the buckets and the encryption key are created. By default, they are
   * created in this construct. If they are in a stack of their own, everything else can be deleted and created again.
   */
  readonly storesScope?: Construct
  /** Writes the code of the functions. By default, the bundles in this package are used. */
  readonly writeBundle?: WriteBundle
}

/**
 * A deployment of SpecStar Backup: tables, buckets, functions, workflows, API, triggers and alarms. Throws
 * `SettingsError` or `ModelsInvalidError` if the settings or the models are invalid, and `SettingsError` if the app
 * contains another construct with the same deployment in the same account and region.
 *
 * @example
 * new SpecStarBackup(this, 'Backup', { models: 'models.json', settings: { deployment: 'shop' } })
 */
export class SpecStarBackup extends Construct {
  /** The API with the routes of `functions/API.md`. Callers need the permission `execute-api:Invoke`. */
  readonly api: HttpApi
  /** Receives the notifications of all alarms. */
  readonly alarmTopic: ITopic
  /** The names of the tables and buckets. */
  readonly storeNames: StoreNames
  /** The key that encrypts the tables and buckets. Undefined if they use keys that AWS manages. */
  readonly key: IKey | undefined
  readonly #deployment: string

  constructor(scope: Construct, id: string, props: SpecStarBackupProps) {
    super(scope, id)
    assertProps(props)
    assertInStack('scope', this)
    assertInStack('storesScope', props.storesScope ?? this)
    const { storesScope, writeBundle = writePackedBundle } = props
    const models = readModels(props.models)
    const settings = readSettingsFile(props.settings, models.registry)
    this.#deployment = settings.deployment
    checkCopyTarget(this, settings)
    checkSameDeployment(this, settings.deployment, this.#othersOf(settings.deployment))
    // CDK omits the id `Default` from logical ids.
    const stores =
      storesScope === undefined
        ? new BackupStores(this, 'Stores', settings)
        : new BackupStores(storesScope, id, settings)
    const service = new BackupService(this, 'Default', {
      settings,
      stores,
      code: new FunctionCode(models.text, writeBundle),
    })
    this.api = service.api
    this.alarmTopic = service.alarmTopic
    this.storeNames = stores.names
    this.key = stores.key
  }

  /** Returns the other constructs of the app with a certain deployment. */
  #othersOf(deployment: string): SpecStarBackup[] {
    return this.node.root.node
      .findAll()
      .filter((one) => one instanceof SpecStarBackup)
      .filter((one) => one !== this && one.#deployment === deployment)
  }
}

/** Throws `SettingsError` if a construct is not in a stack. */
const assertInStack = (name: string, construct: Construct): void => {
  if (construct.node.scopes.some((one) => Stack.isStack(one))) return
  throw new SettingsError([`${name}: must be a stack, or a construct in a stack, such as new Stack(app, 'Backup')`])
}

/** Throws `SettingsError` if archives would be copied to a bucket of the deployment itself. */
const checkCopyTarget = (scope: Construct, settings: Settings): void => {
  const { account, region } = Stack.of(scope)
  const known = (value: string): string | undefined => (Token.isUnresolved(value) ? undefined : value)
  const faults = ownTargetFaults(settings, { account: known(account), region: known(region) })
  if (faults.length > 0) throw new SettingsError(faults)
}

/** Throws `SettingsError` if props are not an object, which the types of TypeScript do not allow. */
const assertProps = (props: unknown): void => {
  if (typeof props === 'object' && props !== null) return
  throw new SettingsError([
    `props: ${props === undefined ? 'is missing; it ' : ''}must be an object with models and settings, ` +
      "such as { models: 'models.json', settings: { deployment: 'shop' } }",
  ])
}
