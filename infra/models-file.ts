import process from 'node:process'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { ModelsInvalidError } from '../shared/resources/errors.ts'

const SAMPLE_MODELS = fileURLToPath(new URL('../shared/models.json', import.meta.url))

/**
 * Returns the path of the model registry: the environment variable `MODELS_FILE`, or otherwise the context `models` of
 * the app, or otherwise the sample models. Throws `ModelsInvalidError` if the context is not a path.
 */
export const modelsFile = (context: unknown, { MODELS_FILE } = process.env): string => {
  if (MODELS_FILE !== undefined && MODELS_FILE !== '') return MODELS_FILE
  const parsed = z
    .string()
    .min(1)
    .default(SAMPLE_MODELS)
    .safeParse(context ?? undefined)
  if (!parsed.success) throw new ModelsInvalidError(['the context "models" of cdk.json must be the path of a file'])
  return parsed.data
}
