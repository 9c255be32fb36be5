import { startServices } from '../services.ts'
import { blobStoreContract } from './blob-store.contract.ts'

blobStoreContract(startServices)
