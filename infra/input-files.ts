import { readFileSync } from 'node:fs'
import { ModelsInvalidError } from '../shared/resources/errors.ts'
import { type ModelRegistry, parseModels } from '../shared/resources/models.ts'
import { errorMessage } from '../shared/values/error-message.ts'
import type { InputFile } from './settings-input.ts'
import { readSettings, type Settings, SettingsError } from './settings.ts'

/** The model registry of a deployment, and its text. */
export interface DeployedModels {
  readonly registry: ModelRegistry
  readonly text: string
}

/** Reads the model registry. Throws `ModelsInvalidError` if it cannot be read or is invalid. */
export const readModels = (models: InputFile): DeployedModels => {
  if (!isPath(models)) return { registry: parseModels(JSON.stringify(models)), text: JSON.stringify(models) }
  const text = readText(models, (reason) => new ModelsInvalidError([`cannot be read: ${reason}`]))
  return { registry: parseModels(text), text }
}

/** Reads and validates the settings. Throws `SettingsError` if they cannot be read or are invalid. */
export const readSettingsFile = (settings: InputFile, models: ModelRegistry): Settings => {
  if (!isPath(settings)) return readSettings(settings, models)
  const text = readText(settings, (reason) => new SettingsError([`the file cannot be read: ${reason}`]))
  try {
    return readSettings(JSON.parse(text), models)
  } catch (error) {
    if (error instanceof SyntaxError) throw new SettingsError([`${String(settings)} is not JSON: ${error.message}`])
    throw error
  }
}

const isPath = (input: InputFile): input is string | URL => typeof input === 'string' || input instanceof URL

const readText = (path: string | URL, errorOf: (reason: string) => Error): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw errorOf(errorMessage(error))
  }
}
