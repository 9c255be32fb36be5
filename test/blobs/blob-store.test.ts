import { useServices } from '../services.ts'
import { blobStoreContract } from './blob-store.contract.ts'

blobStoreContract(useServices)
