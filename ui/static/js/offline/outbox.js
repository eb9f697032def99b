// What was filled in and has not arrived: kept in IndexedDB with its photos, in the order in which it was filled in.
// An entry: {client, form, title, label, owner, at, fields: [[name, value]], files: [[name, File]], state, problems}.
const NAME = "outbox", STORE = "entries";
const SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
let opening;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "client" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opening;
}

async function act(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const asked = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export const put = (entry) => act("readwrite", (store) => store.put(entry));
export const drop = (client) => act("readwrite", (store) => store.delete(client));
export const one = (client) => act("readonly", (store) => store.get(client));
export async function all(owner) {
  const found = await act("readonly", (store) => store.getAll());
  return found.filter((entry) => entry.owner === owner).sort((a, b) => a.at - b.at);
}

// the id that the record will have: 48 bits of milliseconds, 32 random ones, as the server makes them
export function newClient() {
  let value = (BigInt(Date.now()) << 32n) | BigInt(crypto.getRandomValues(new Uint32Array(1))[0]), text = "";
  for (let place = 0; place < 16; place += 1) { text = SIGNS[Number(value & 31n)] + text; value >>= 5n; }
  return text;
}
