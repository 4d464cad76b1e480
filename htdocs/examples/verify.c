/* verify: asks the organisation certification authority whether a signature or a certificate is good.
 *
 *   cc -o verify verify.c $(pkg-config --cflags --libs libcurl libcrypto jansson)
 *   ./verify https://xca.example root.pem letter.pdf letter.pdf.p7s      a document and its detached CMS signature
 *   ./verify https://xca.example root.pem certificate.cer                a certificate, DER
 *
 * The document stays here: only its SHA-256 is sent. Prints one line for each finding. Ends with 0 if all is good, 1 if something is not,
 * 2 if the question could not be asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>
#include <jansson.h>
#include <openssl/evp.h>

#define SENT_MAX   (256 * 1024)  /* bytes that the service takes */
#define ANSWER_MAX (1024 * 1024) /* bytes of an answer that are believed */

struct bytes {
    char *data;
    size_t length;
};

static void fail(const char *doing, const char *why) {
    fprintf(stderr, "%s: %s\n", doing, why);
    exit(2);
}

/* A whole file of at most SENT_MAX bytes. */
static struct bytes read_file(const char *path) {
    struct bytes file = {malloc(SENT_MAX), 0};
    FILE *stream = fopen(path, "rb");

    if (stream == NULL || file.data == NULL) {
        fail(path, "cannot be read");
    }
    file.length = fread(file.data, 1, SENT_MAX, stream);
    if (ferror(stream) || fgetc(stream) != EOF) {
        fail(path, "is larger than what the service takes");
    }
    fclose(stream);
    return file;
}

/* The SHA-256 of a file of any size, in hexadecimal. */
static void digest_file(char hex[65], const char *path) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    FILE *stream = fopen(path, "rb");
    unsigned char digest[32];
    char block[8192];
    size_t got;
    int i;

    if (stream == NULL || context == NULL || !EVP_DigestInit_ex(context, EVP_sha256(), NULL)) {
        fail(path, "cannot be read");
    }
    while ((got = fread(block, 1, sizeof(block), stream)) > 0) {
        EVP_DigestUpdate(context, block, got);
    }
    if (ferror(stream) || !EVP_DigestFinal_ex(context, digest, NULL)) {
        fail(path, "cannot be read");
    }
    for (i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    EVP_MD_CTX_free(context);
    fclose(stream);
}

/* What libcurl calls with each piece of the answer. */
static size_t gather(char *piece, size_t size, size_t count, void *baton) {
    struct bytes *answer = baton;
    size_t more = size * count;
    char *grown = answer->length + more <= ANSWER_MAX ? realloc(answer->data, answer->length + more + 1) : NULL;

    if (grown == NULL) {
        return 0; /* libcurl gives up */
    }
    memcpy(grown + answer->length, piece, more);
    answer->data = grown;
    answer->length += more;
    return more;
}

/* POST of `body`; gives the answer as JSON, and its status. */
static json_t *post(long *status, const char *url, const char *ca_file, const char *type, struct bytes body) {
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    struct bytes answer = {NULL, 0};
    char line[128];
    json_error_t wrong;
    json_t *json;
    CURLcode code;

    if (curl == NULL) {
        fail("libcurl", "cannot be set up");
    }
    snprintf(line, sizeof(line), "Content-Type: %s", type);
    headers = curl_slist_append(headers, line);
    headers = curl_slist_append(headers, "Accept-Language: en"); /* or zh-TW */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.length);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        fail(url, curl_easy_strerror(code));
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    json = answer.data != NULL ? json_loadb(answer.data, answer.length, JSON_REJECT_DUPLICATES, &wrong) : NULL;
    if (!json_is_object(json)) {
        fail(url, "the answer is no JSON");
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    free(answer.data);
    return json;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* A problem (RFC 9457): what went wrong, and what to do about it. */
static void tell_problem(const json_t *problem) {
    const json_t *errors = json_object_get(problem, "errors"), *one;
    size_t i;

    fprintf(stderr, "%s: %s\n", text_of(problem, "title"), text_of(problem, "detail"));
    json_array_foreach(errors, i, one) {
        fprintf(stderr, "  %s: %s\n", text_of(one, "field"), text_of(one, "detail"));
    }
    exit(2);
}

static void tell_result(const json_t *result) {
    const json_t *organisation = json_object_get(result, "organisation"), *finding;
    size_t i;

    printf("%s %s\n", text_of(organisation, "oid"), text_of(organisation, "name"));
    json_array_foreach(json_object_get(result, "findings"), i, finding) {
        printf("  %-4s %-12s %s\n", text_of(finding, "result"), text_of(finding, "check"), text_of(finding, "message"));
    }
}

int main(int argc, char **argv) {
    const char *type = "application/pkix-cert";
    struct bytes sent;
    char url[1024], hex[65];
    json_t *answer, *result;
    size_t i;
    long status;
    int good;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: verify PORTAL ROOT.pem DOCUMENT SIGNATURE | PORTAL ROOT.pem CERTIFICATE\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    sent = read_file(argv[argc - 1]);
    snprintf(url, sizeof(url), "%s/api/v1/verify", argv[1]);
    if (argc == 5) {
        digest_file(hex, argv[3]);
        snprintf(url, sizeof(url), "%s/api/v1/verify?digest=%s", argv[1], hex);
        type = "application/pkcs7-signature";
    }
    answer = post(&status, url, argv[2], type, sent);
    if (status != 200) {
        tell_problem(answer);
    }
    json_array_foreach(json_object_get(answer, "results"), i, result) {
        tell_result(result);
    }
    good = json_is_true(json_object_get(answer, "valid"));
    printf("%s\n", good ? "good" : "NOT good");
    json_decref(answer);
    free(sent.data);
    curl_global_cleanup();
    return good ? 0 : 1;
}
