/* Leave-one-out accuracy of k nearest neighbours (squared Euclidean distance, majority vote, the
 * smaller label wins a tie). stdin: CSV rows of features followed by an integer label. argv[1]: k. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_K = 256, MAX_LABEL = 1024 };

static char *read_all(size_t *length) {
    size_t room = 1 << 16, used = 0, got;
    char *text = malloc(room + 1);
    while (text && (got = fread(text + used, 1, room - used, stdin)) > 0) {
        used += got;
        if (used == room) text = realloc(text, (room *= 2) + 1);
    }
    if (text) text[used] = 0;
    *length = used;
    return text;
}

static int vote(const double *best, const int *labels, int k) {
    int counts[MAX_LABEL] = {0}, winner = 0;
    for (int i = 0; i < k; i++)
        if (best[i] >= 0) counts[labels[i]]++;
    for (int label = 1; label < MAX_LABEL; label++)
        if (counts[label] > counts[winner]) winner = label;
    return winner;
}

int main(int argc, char **argv) {
    int k = argc > 1 ? atoi(argv[1]) : 1;
    if (k < 1 || k > MAX_K) {
        fprintf(stderr, "knn: k must lie between 1 and %d\n", MAX_K);
        return 2;
    }
    size_t length;
    char *text = read_all(&length);
    size_t columns = 1, cells = 0, room = length / 2 + 2;
    double *table = malloc(room * sizeof *table);
    if (!text || !table) {
        fprintf(stderr, "knn: not enough memory for %zu bytes of input\n", length);
        return 1;
    }
    for (const char *c = text; *c && *c != '\n'; c++) columns += *c == ',';
    for (char *at = text; *at;) {
        char *end;
        double value = strtod(at, &end);
        if (end == at) {
            if (*at == '\n' || *at == '\r' || *at == ',') { at++; continue; }
            fprintf(stderr, "knn: no number at byte %td\n", at - text);
            return 2;
        }
        table[cells++] = value;
        at = end;
    }
    size_t rows = columns ? cells / columns : 0, features = columns - 1;
    if (rows < 2 || features < 1 || rows * columns != cells) {
        fprintf(stderr, "knn: need at least two rows, each with features and a label\n");
        return 2;
    }
    for (size_t i = 0; i < rows; i++) {
        double label = table[i * columns + features];
        if (!(label >= 0 && label < MAX_LABEL) || label != (int)label) {
            fprintf(stderr, "knn: the label of row %zu is no integer below %d\n", i + 1, MAX_LABEL);
            return 2;
        }
    }
    size_t right = 0;
    for (size_t i = 0; i < rows; i++) {
        double best[MAX_K];
        int labels[MAX_K] = {0};
        for (int n = 0; n < k; n++) best[n] = -1;
        for (size_t j = 0; j < rows; j++) {
            if (j == i) continue;
            const double *a = table + i * columns, *b = table + j * columns;
            double sum = 0;
            for (size_t f = 0; f < features; f++) sum += (a[f] - b[f]) * (a[f] - b[f]);
            int at = k;
            while (at > 0 && (best[at - 1] < 0 || sum < best[at - 1])) at--;
            if (at == k) continue;
            memmove(best + at + 1, best + at, (size_t)(k - 1 - at) * sizeof *best);
            memmove(labels + at + 1, labels + at, (size_t)(k - 1 - at) * sizeof *labels);
            best[at] = sum;
            labels[at] = (int)b[features];
        }
        right += vote(best, labels, k) == (int)table[i * columns + features];
    }
    printf("{\"rows\": %zu, \"features\": %zu, \"k\": %d, \"right\": %zu, \"accuracy\": %.6f}\n", rows, features, k,
           right, (double)right / (double)rows);
    return 0;
}
