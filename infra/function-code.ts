import { AssetHashType, DockerImage, type ILocalBundling } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Writes the bundle of a function to a folder: `index.mjs`, which contains the file of `functions/` and everything that
 * the file imports, and its source map.
 */
export type WriteBundle = (file: string, folder: string) => void

/** The folder of this file. */
const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Creates the code of the functions. The code of a function consists of its bundle and of the model registry. */
export class FunctionCode {
  readonly #models: string
  readonly #writeBundle: WriteBundle

  /** `models` is the text of the model registry. */
  constructor(models: string, writeBundle: WriteBundle) {
    this.#models = models
    this.#writeBundle = writeBundle
  }

  /** Returns the code of the function whose file in `functions/` is `file`. */
  of(file: string): Code {
    // CDK requires a source folder, but the bundling below does not read it.
    return Code.fromAsset(HERE, {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        image: DockerImage.fromRegistry('unused'),
        local: new FunctionBundling(file, this.#models, this.#writeBundle),
      },
    })
  }
}

/**
 * Writes the files of a function. CDK caches the result by the public members of this object, so `file` and `models`
 * must be public.
 */
class FunctionBundling implements ILocalBundling {
  readonly file: string
  readonly models: string
  readonly #writeBundle: WriteBundle

  constructor(file: string, models: string, writeBundle: WriteBundle) {
    this.file = file
    this.models = models
    this.#writeBundle = writeBundle
  }

  tryBundle(folder: string): boolean {
    this.#writeBundle(this.file, folder)
    writeFileSync(join(folder, 'models.json'), this.models)
    return true
  }
}
