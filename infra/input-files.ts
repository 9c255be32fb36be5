import { readFileSync } from 'node:fs'
import { ModelsInvalidError } from '../shared/resources/errors.ts'
import { filePath, type ModelRegistry, parseModels } from '../shared/resources/models.ts'
import { errorMessage } from '../shared/values/error-message.ts'
import type { InputFile } from './settings-input.ts'
import { readSettings, type Settings, SettingsError } from './settings.ts'

/** The model registry of a deployment, and its text. */
export interface DeployedModels {
  readonly registry: ModelRegistry
  readonly text: string
}

/** Reads the model registry. Throws `ModelsInvalidError` if it cannot be read, is invalid or contains no model. */
export const readModels = (models: InputFile): DeployedModels => {
  if (!isPath(models)) {
    if (!isObject(models))
      throw new ModelsInvalidError([`${isAbsent(models) ? 'is missing; it ' : ''}${MODELS}`], 'models')
    const text = JSON.stringify(models)
    return { registry: parseModels(text, 'models'), text }
  }
  const source = filePath(models) || 'models'
  const text = readText(models, (reason) => new ModelsInvalidError([`cannot be read: ${reason}`], source))
  return { registry: parseModels(text, source), text }
}

/** Reads and validates the settings. Throws `SettingsError` if they cannot be read or are invalid. */
export const readSettingsFile = (settings: InputFile, models: ModelRegistry): Settings => {
  if (!isPath(settings)) return readSettings(settings, models)
  const source = filePath(settings)
  const text = readText(settings, (reason) => new SettingsError([`the file cannot be read: ${reason}`], source))
  try {
    return readSettings(JSON.parse(text), models)
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(error.faults, source)
    if (error instanceof SyntaxError) throw new SettingsError([`the file is not JSON: ${error.message}`], source)
    throw error
  }
}

const MODELS =
  'must be the path or the URL of a JSON file, or an object with a member for each model, such as { user: {} } ' +
  '(shared/resources/STORE.md describes the members)'

/** In JavaScript, a caller can pass a value that the types do not allow. */
const isAbsent = (value: unknown): boolean => value === undefined || value === null

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

const isPath = (input: InputFile): input is string | URL => typeof input === 'string' || input instanceof URL

const readText = (path: string | URL, errorOf: (reason: string) => Error): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw errorOf(errorMessage(error))
  }
}
