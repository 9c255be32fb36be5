import { Construct } from 'constructs'
import { BackupService } from './backup-service.ts'
import { BackupStores } from './backup-stores.ts'
import { copyPrebuiltBundle, FunctionCode, type WriteBundle } from './function-code.ts'
import { type InputFile, readModels, readSettingsFile } from './input-files.ts'
import type { SettingsInput } from './settings-input.ts'

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
 * `SettingsError` or `ModelsInvalidError` if the settings or the models are invalid.
 *
 * @example
 * new SpecStarBackup(this, 'Backup', { models: 'models.json', settings: { deployment: 'shop' } })
 */
export class SpecStarBackup extends Construct {
  readonly stores: BackupStores
  readonly service: BackupService

  constructor(scope: Construct, id: string, props: SpecStarBackupProps) {
    super(scope, id)
    const { storesScope, writeBundle = copyPrebuiltBundle } = props
    const models = readModels(props.models)
    const settings = readSettingsFile(props.settings, models.registry)
    // CDK omits the id `Default` from logical ids.
    this.stores =
      storesScope === undefined
        ? new BackupStores(this, 'Stores', settings)
        : new BackupStores(storesScope, id, settings)
    this.service = new BackupService(this, 'Default', {
      settings,
      stores: this.stores,
      code: new FunctionCode(models.text, writeBundle),
    })
  }
}
